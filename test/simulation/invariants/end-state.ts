/** What a switch that is over leaves behind: what its outcome says, and nothing else. */
import { FLOOR_ANNOTATION } from '../../../scripts/switch/changes/autoscaler.ts';
import type {
  DestinationRule,
  HttpRoute,
  KubernetesObject,
  Lease,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import type { ObjectStore } from '../api/object-store.ts';
import { isSame } from '../api/values.ts';
import { APP, NAMESPACE, virtualServiceOf } from '../world/manifests.ts';
import type { RouteStyle } from '../world/manifests.ts';

/** What the last switch that came to an end says is there. */
export interface Rest {
  live: string;
  deployments: ReadonlySet<string>;
  subsets: ReadonlySet<string>;
}

/** Everything that is not as `rest` says. */
export function leftBehind(
  store: ObjectStore,
  rest: Rest,
  {
    routeStyle,
    hasAutoscaler,
    runsOut,
  }: { routeStyle: RouteStyle; hasAutoscaler: boolean; runsOut: (operator: string) => boolean },
): string[] {
  const find = (resource: Resource, name = APP) => store.get({ resource, namespace: NAMESPACE, name });
  const found: string[] = [];
  const routes = find(resources.virtualServices);
  const rule = find(resources.destinationRules);
  const lease = find(resources.leases, `switch-${APP}`) as Lease | undefined;

  const { spec } = routes as VirtualService;
  const wanted = virtualServiceOf(rest.live, routeStyle).spec;
  if (!isSame(bare(spec), bare(wanted)))
    found.push(`routes ${JSON.stringify(bare(spec))} instead of ${JSON.stringify(bare(wanted))}`);
  // Of a version that is kept the subset may be gone: to roll back adds it again.
  const subsets = ((rule as DestinationRule).spec.subsets ?? []).map(({ name }) => name);
  const needed = [...rest.subsets].filter((name) => name === rest.live || subsets.includes(name));
  compare(found, 'subsets', subsets, (name) => name, new Set(needed));
  const deployments = store.list(resources.deployments);
  compare(found, 'Deployments', deployments, versionOf, rest.deployments);
  const versions = new Set(store.list(resources.pods, NAMESPACE).map(versionOf));
  for (const version of versions) if (!rest.deployments.has(version)) found.push(`pods of ${version}`);
  const autoscalers = store.list(resources.horizontalPodAutoscalers);
  if (hasAutoscaler) compare(found, 'autoscalers', autoscalers, versionOf, rest.deployments);
  for (const { metadata } of autoscalers)
    if (metadata.annotations?.[FLOOR_ANNOTATION] !== undefined) found.push(`a floor on ${metadata.name}`);
  const holder = lease?.spec.holderIdentity ?? '';
  if (holder !== '' && !runsOut(holder)) found.push(`the Lease, held by ${holder}`);
  return found;
}

const versionOf = ({ metadata }: KubernetesObject) => metadata.labels?.['version'] ?? '';

/** Without what means nothing: the weight of an only destination. */
function bare(spec: VirtualService['spec']): unknown {
  const http = (spec.http ?? []).map(({ route = [], ...more }: HttpRoute) => ({
    ...more,
    route: route.map((one) => (route.length === 1 ? { ...one, weight: 100 } : one)),
  }));
  return { ...spec, http };
}

function compare<T>(
  found: string[],
  what: string,
  objects: readonly T[],
  nameOf: (object: T) => string,
  wanted: ReadonlySet<string>,
): void {
  const names = objects.map(nameOf).toSorted();
  const expected = [...wanted].toSorted();
  if (!isSame(names, expected)) found.push(`${what} ${names.join(', ')} instead of ${expected.join(', ')}`);
}
