/** What a switch that is over leaves behind: what its outcome says, and nothing else. */
import { FLOOR_ANNOTATION } from '../../../scripts/switch/changes/autoscaler.ts';
import type { Autoscaler } from '../../../scripts/switch/changes/autoscaler.ts';
import type {
  Deployment,
  DestinationRule,
  HttpRoute,
  KubernetesObject,
  Lease,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { ObjectStore } from '../api/object-store.ts';
import { isSame } from '../api/values.ts';
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { routesWith } from '../world/beginning.ts';
import { APP, NAMESPACE, versionIn, versionNamed } from '../world/manifests.ts';
import type { Climate } from '../world/world.ts';

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
  { climate, runsOut }: { climate: Climate; runsOut: (operator: string) => boolean },
): string[] {
  const found: string[] = [];
  const routes = store.list(resources.virtualServices).map((object) => bare(object as VirtualService));
  const written = routesWith(rest.live, climate);
  const wanted = written === undefined ? [] : [bare(written)];
  if (!isSame(routes, wanted))
    found.push(`routes ${JSON.stringify(routes)} instead of ${JSON.stringify(wanted)}`);
  const rules = store.list(resources.destinationRules) as DestinationRule[];
  const isDivided = rest.live !== PLAIN || climate.beginning.rule !== undefined;
  if (rules.length !== (isDivided ? 1 : 0)) found.push(`${rules.length} DestinationRules`);
  // Of a version that is kept the subset may be gone: to roll back adds it again.
  const subsets = rules.flatMap(({ spec }) => spec.subsets ?? []).map(({ name }) => name);
  const needed = [...rest.subsets].filter((name) => name === rest.live || subsets.includes(name));
  compare(found, 'subsets', subsets, (name) => name, new Set(needed));
  const deployments = store.list(resources.deployments);
  compare(found, 'Deployments', deployments, versionOf, rest.deployments);
  const versions = new Set(store.list(resources.pods, NAMESPACE).map(versionOf));
  for (const version of versions) if (!rest.deployments.has(version)) found.push(`pods of ${version}`);
  const autoscalers = store.list(resources.horizontalPodAutoscalers) as Autoscaler[];
  if (climate.hasAutoscaler) compare(found, 'autoscalers', autoscalers, versionScaledBy, rest.deployments);
  for (const { metadata } of autoscalers)
    if (metadata.annotations?.[FLOOR_ANNOTATION] !== undefined) found.push(`a floor on ${metadata.name}`);
  if (rest.live === PLAIN) found.push(...tracesOfAdoption(store));
  const place = { resource: resources.leases, namespace: NAMESPACE, name: `switch-${APP}` };
  const lease = store.get(place) as Lease | undefined;
  const holder = lease?.spec.holderIdentity ?? '';
  if (holder !== '' && !runsOut(holder)) found.push(`the Lease, held by ${holder}`);
  return found;
}

const versionOf = ({ metadata }: KubernetesObject) => versionIn(metadata.labels);
const versionScaledBy = ({ spec }: Autoscaler) => versionNamed(spec.scaleTargetRef.name);

/** As long as the plain pods serve, their Deployment and the Service are as their author left them. */
function tracesOfAdoption(store: ObjectStore): string[] {
  const isPaused = store
    .list(resources.deployments)
    .some((one) => (one as Deployment).spec['paused'] === true);
  const isAnnotated = store
    .list(resources.services)
    .some(({ metadata: { annotations = {} } }) => Object.keys(annotations).length > 0);
  return [
    ...(isPaused ? ['a paused Deployment'] : []),
    ...(isAnnotated ? ['annotations of the Service'] : []),
  ];
}

/** Without what means nothing: the weight of an only destination. */
function bare({ spec }: VirtualService): unknown {
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
