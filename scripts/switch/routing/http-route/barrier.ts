/**
 * A Service that only one write makes: changes of Services reach a proxy in order, so where its cluster is,
 * nothing that was written before is still on its way. Needed where a cluster alone says too little: a proxy
 * that has not heard yet that a version's Service was removed and added again shows it just as one that has
 * heard of both does, and loses it for a while later.
 */
import type { Service } from '../../../shared/kubernetes.ts';
import { BARRIER_LABEL, asName, serviceLike } from './version-services.ts';
import type { VersionService } from './version-services.ts';

/** Those of an app among the Services of its namespace. */
export function barriersOf(app: string, services: readonly Service[]): Service[] {
  return services.filter(({ metadata: { labels = {} } }) => labels[BARRIER_LABEL] === app);
}

/** What a Service may be called. */
const LONGEST_NAME = 63;

/**
 * With the pods of the version, so that its cluster does not stay warming; no route names it.
 * @param marker of the run that makes it, which no other run has: `switch-v1-to-v2-1a2b3c4d-r2`
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

/** What a proxy shows that has an earlier state of the Services. */
export const behind = (barrier: string, port: number): string =>
  `an earlier change of the Services may still be on its way: ${barrier} is unknown or still warming (port ${port})`;
