/**
 * A barrier: a Service with a new name. Changes of Services reach a proxy in order. So a proxy that has the
 * barrier's cluster has every earlier change. The version's own cluster does not show that: a proxy that has
 * not yet received the removal and the re-adding of the version's Service looks like one that has received
 * both, and loses the cluster for a while later.
 */
import type { Service } from '../../../shared/kubernetes.ts';
import { BARRIER_LABEL, asName, serviceLike } from './version-services.ts';
import type { VersionService } from './version-services.ts';

/** The barriers of an app among the Services of its namespace. */
export function barriersOf(app: string, services: readonly Service[]): Service[] {
  return services.filter(({ metadata: { labels = {} } }) => labels[BARRIER_LABEL] === app);
}

/** The longest name of a Service, in characters. */
const LONGEST_NAME = 63;

/**
 * The barrier for a version. It selects the version's pods, so that its cluster becomes active; no route
 * names it.
 * @param marker of the run, which no other run has: `switch-v1-to-v2-1a2b3c4d-r2`
 */
export function barrierFor(of: VersionService, app: string, marker: string): Service {
  const { metadata, ...service } = serviceLike(of, app, of.version);
  const [, id = '', attempt = ''] = /-([0-9a-f]{8})(-r\d+)?$/.exec(marker) ?? [];
  const name = `barrier-${id}${attempt}-${asName(of.version)}`.slice(0, LONGEST_NAME).replace(/-+$/, '');
  const { annotations } = metadata;
  return {
    ...service,
    metadata: { name, labels: { [BARRIER_LABEL]: app }, ...(annotations ? { annotations } : {}) },
  };
}

/** Describes a proxy that has an earlier state of the Services. */
export const behind = (barrier: string, port: number): string =>
  `an earlier change of the Services may still be on its way: ${barrier} is unknown or still warming (port ${port})`;
