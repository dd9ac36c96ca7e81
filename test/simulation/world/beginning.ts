/**
 * What a world begins with: a first version, or one plain Deployment that an adoption makes a version of.
 * What stands there in the end follows from it.
 */
import type { DestinationRule, VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { APP, PORT, destinationRuleOf, virtualServiceOf } from './manifests.ts';
import type { RouteStyle } from './manifests.ts';

export interface Beginning {
  /** What serves at first: `v1`, or the pods that bear no version. */
  first: string;
  /** The VirtualService's name; undefined: there is none. */
  routes: string | undefined;
  /** The DestinationRule's name; undefined: there is none. */
  rule: string | undefined;
}

export const FIRST_VERSION: Beginning = { first: 'v1', routes: APP, rule: APP };

interface Authored {
  beginning: Beginning;
  routeStyle: RouteStyle;
}

/** The routes that lead to `live`, as they were written or as an adoption makes them; undefined for none. */
export function routesWith(live: string, { beginning, routeStyle }: Authored): VirtualService | undefined {
  const { routes } = beginning;
  if (routes !== undefined) {
    const written = virtualServiceOf(live, routeStyle);
    return { ...written, metadata: { ...written.metadata, name: routes } };
  }
  if (live === PLAIN) return undefined;
  const destination = { host: APP, port: { number: PORT }, subset: live };
  return {
    metadata: { name: APP },
    spec: { hosts: [APP], http: [{ name: 'first-release', route: [{ destination }] }] },
  };
}

/** Undefined where there is none at first. */
export function ruleWith(versions: string[], { rule }: Beginning): DestinationRule | undefined {
  if (rule === undefined) return undefined;
  const written = destinationRuleOf(versions);
  return { ...written, metadata: { ...written.metadata, name: rule } };
}
