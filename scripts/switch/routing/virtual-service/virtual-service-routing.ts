/** Traffic routing by the subsets of a DestinationRule and the routes of a VirtualService. */
import { isDeepStrictEqual } from 'node:util';
import { remarksOn, verifyRouting } from './verify-routing.ts';
import type {
  DestinationRule,
  HttpRoute,
  KubernetesObject,
  Subset,
  VirtualService,
} from '../../../shared/kubernetes.ts';
import { parseDuration } from '../../../shared/duration.ts';
import { fullHost } from '../../../shared/istio-routes.ts';
import { apiVersionOf, resources } from '../../../shared/resources.ts';
import type { Resource } from '../../../shared/resources.ts';
import { applyOf, specOf } from '../../changes/change.ts';
import type { Change } from '../../changes/change.ts';
import type { ClustersDump, EndpointsDump, RoutesDump } from '../../../shared/istio/envoy-answers.ts';
import {
  clusterNamePattern,
  escapePattern,
  parseClusterName,
  virtualServiceReference,
} from '../../../shared/istio/names.ts';
import { seenAs } from '../traffic-routing.ts';
import type { Move, Question, RouteTarget, SeenObject, TrafficRouting } from '../traffic-routing.ts';
import { dumpPath } from '../dump-path.ts';
import { hasMarker } from '../marker.ts';
import { barrierIn, revisionOf, versionsIn, withBarrier } from './barrier.ts';
import { findSubset, subsetLike, subsetOf, withSubset, withoutSubset } from './destination-rule.ts';
import { evaluateEndpoints } from './endpoints.ts';
import { evaluateGone } from './gone.ts';
import type { IstioObjects } from './istio-objects.ts';
import { namesByRoot } from './route-holder.ts';
import { withoutOtherHosts } from '../shorten-routes.ts';
import { DEFAULT_LABEL, versionOf } from './version-label.ts';
import { idsOf, isOneOf, asAuthored } from './as-authored.ts';
import { evaluateRoutes, routeConfigsOf } from './routes.ts';
import {
  describeShares,
  liveSubsets,
  mentions,
  namedSubsets,
  receivingSubsets,
  redirect,
  shareBetween,
} from './virtual-service.ts';

/** The known revisions of the DestinationRule. */
interface Knowledge {
  /** The revision that every proxy was proven to have. */
  proven?: string | undefined;
  /** The revision written right after the proven one: a proxy that shows its additions has it. */
  next?: string | undefined;
}

export function createVirtualServiceRouting(
  known: IstioObjects,
  target: RouteTarget,
  knowledge: Knowledge = {},
): TrafficRouting {
  const { virtualService, destinationRule, missing = {}, plain } = known;
  const isProven = knowledge.proven === revisionOf(destinationRule);
  const http = virtualService.spec.http ?? [];
  const subset = (version: string) => subsetIn(known, version);

  return {
    target,
    objects: [
      ...(missing.virtualService ? [] : [seenAs(resources.virtualServices, virtualService)]),
      ...(missing.destinationRule ? [] : [seenAs(resources.destinationRules, destinationRule)]),
    ],
    routesName: { kind: resources.virtualServices.kind, name: virtualService.metadata.name },
    versionsName: { kind: resources.destinationRules.kind, name: destinationRule.metadata.name },
    hosts: [target.host],
    unit: 'subset',
    nameOf: (version) => `subset ${version}`,
    describeUnknown: (version) =>
      `the ${resources.destinationRules.kind} ${destinationRule.metadata.name} has no subset ${version}`,
    howToName: `names no subset of ${target.host}: give its route the subset that serves now, and make a DestinationRule that has it. The sets subsets and route of istio/cluster.yaml show how.`,
    // Istio does not report whether it accepts these kinds.
    refusal: () => undefined,
    ...revisionsOf(known, target, knowledge),
    ...whoServes(known, target),
    versions: () => versionsIn(destinationRule).map(({ name }) => name),
    has: (version) => findSubset(destinationRule, version) !== undefined,
    labelsOf: (version) => subset(version).labels ?? { [DEFAULT_LABEL]: version },
    versionOf: (labels) => versionOf(labels, destinationRule) ?? plain?.name,
    versionOfCluster: (name) => subsetOfCluster(name, target.host),
    longestDelayMs: () => longestDelayMs(virtualService),
    verify: (look) => verifyRouting({ ...look, known, target }),
    remarks: (look) => remarksOn({ ...look, known }),
    labelsLike: (version, model) => addedSubset(known, version, model).labels ?? {},
    describeShares: (plan) => sharesOf(http, plan, target),

    ...changesOf(known, target, isProven),
    reachable: (version) => reachable(destinationRule, target.host, version),
    routed: (move) => routed(known, target, move),
    gone: (version) => gone(destinationRule, target.host, version),
  };
}

/** The routing with changed objects and the known revisions after the change. */
function revisionsOf(
  known: IstioObjects,
  target: RouteTarget,
  knowledge: Knowledge,
): Pick<TrafficRouting, 'with' | 'proven' | 'barrier' | 'asProven' | 'knowing'> {
  const { virtualService, destinationRule, missing = {} } = known;
  const revision = revisionOf(destinationRule);
  const barrier = barrierIn(destinationRule);
  return {
    with(written) {
      const routes = newest(virtualService, resources.virtualServices, written);
      const rule = newest(destinationRule, resources.destinationRules, written);
      return createVirtualServiceRouting(
        {
          ...known,
          virtualService: routes,
          destinationRule: rule,
          missing: {
            virtualService: missing.virtualService === true && routes === virtualService,
            destinationRule: missing.destinationRule === true && rule === destinationRule,
          },
        },
        target,
        knowledgeAfter(knowledge, destinationRule, rule),
      );
    },
    proven: knowledge.proven,
    barrier,
    asProven: () =>
      barrier !== undefined || knowledge.next === revision
        ? createVirtualServiceRouting(known, target, { proven: revision })
        : createVirtualServiceRouting(known, target, knowledge),
    knowing: (proven) =>
      createVirtualServiceRouting(known, target, proven === undefined ? knowledge : { proven }),
  };
}

function newest<T extends KubernetesObject>(own: T, { kind }: Resource, written: readonly SeenObject[]): T {
  const found = written.findLast(
    ({ resource, object, gone }) =>
      resource.kind === kind && object.metadata.name === own.metadata.name && gone !== true,
  );
  return (found?.object as T | undefined) ?? own;
}

function whoServes(
  { virtualService }: IstioObjects,
  target: RouteTarget,
): Pick<TrafficRouting, 'live' | 'shareOf' | 'shareAt' | 'names' | 'receivers' | 'routesOf'> {
  const { http = [] } = virtualService.spec;
  return {
    live: () => liveSubsets(virtualService, target),
    shareOf: (from, to) => shareBetween(virtualService, [from, to], target),
    shareAt: (marker) =>
      http
        .map(({ name = '' }) => (name.includes(marker) ? Number(/-p(\d+)$/.exec(name)?.[1]) : NaN))
        .find((share) => Number.isInteger(share)),
    names: (version) => namedSubsets(virtualService, target).has(version),
    receivers: () => receivingSubsets(virtualService, target),
    routesOf: (version) => idsOf(http, (route) => mentions(route, version, target)),
  };
}

/**
 * A change of the barrier alone changes no version: the known revisions stay valid, unless others wrote too.
 */
function knowledgeAfter(knowledge: Knowledge, before: DestinationRule, after: DestinationRule): Knowledge {
  const [earlier, revision] = [revisionOf(before), revisionOf(after)];
  if (earlier === revision) return knowledge;
  const { proven } = knowledge;
  const isNext = after.metadata.generation === (before.metadata.generation ?? 0) + 1;
  if (proven !== earlier || !isNext) return { proven };
  return isDeepStrictEqual(versionsIn(before), versionsIn(after))
    ? { proven: revision }
    : { proven, next: revision };
}

function changesOf(
  known: IstioObjects,
  target: RouteTarget,
  isProven: boolean,
): Pick<TrafficRouting, 'add' | 'remove' | 'removeBarrier' | 'move' | 'restoreNames'> {
  const { virtualService, destinationRule: rule, missing = {} } = known;
  const http = virtualService.spec.http ?? [];
  const setSubsets = (subsets: Subset[], remarks: string[] = []) =>
    missing.destinationRule
      ? made(resources.destinationRules, rule, 'subsets', subsets)
      : [specOf(resources.destinationRules, rule, 'subsets', subsets, remarks)];
  const setRoutes = (routes: HttpRoute[], remarks: string[] = []) =>
    missing.virtualService
      ? made(resources.virtualServices, virtualService, 'http', routes)
      : [specOf(resources.virtualServices, virtualService, 'http', routes, remarks)];
  const added = (versions: Subset[]) => {
    if (isDeepStrictEqual(versions, versionsIn(rule))) return setSubsets(rule.spec.subsets ?? []);
    return isProven ? setSubsets(versions) : setSubsets(withBarrier(rule, versions), [BARRIER_REMARK]);
  };
  return {
    add: (version, model) => added(withSubset(rule, addedSubset(known, version, model))),
    // No barrier for a removal: no route names the subset, so a proxy that has it again for a while loses
    // nothing. A barrier would keep a roll back from ending when a proxy never catches up. The next addition
    // brings one.
    remove: (version) => setSubsets(withoutSubset(rule, version)),
    removeBarrier: () => (barrierIn(rule) === undefined ? [] : setSubsets(versionsIn(rule))),
    move({ onlyMarked, routes = [], ...move }) {
      const isOurs = (route: HttpRoute, index: number) =>
        (onlyMarked !== undefined && hasMarker(route, onlyMarked)) || isOneOf(routes, { http, index });
      const only = onlyMarked === undefined ? {} : { only: isOurs };
      const moved = redirect(http, { ...move, ...only, marked: isOurs }, target);
      const changed = moved.filter((route) => !http.includes(route));
      const shares = describeShares(changed, target);
      return setRoutes(moved, shares);
    },
    restoreNames: (markers, routes) => setRoutes(asAuthored(http, markers, routes)),
  };
}

/** Creates a missing object with this value. No change where the value is its own already. */
function made(
  resource: Resource,
  { metadata: { name }, spec }: KubernetesObject & { spec: object },
  field: string,
  value: unknown,
): Change[] {
  if (isDeepStrictEqual((spec as Record<string, unknown>)[field], value)) return [];
  const { kind } = resource;
  const object = { apiVersion: apiVersionOf(resource), kind, metadata: { name }, spec };
  return [applyOf(resource, { ...object, spec: { ...spec, [field]: value } }, undefined)];
}

const BARRIER_REMARK =
  'An earlier change of the subsets may still be on its way to a proxy: the barrier shows which proxies have this one, and is removed then';

/** A version's subset: the existing one, or the one to add. */
function subsetIn({ destinationRule, plain }: IstioObjects, version: string): Subset {
  const isPlain = version === plain?.name;
  return findSubset(destinationRule, version) ?? (isPlain ? plain : subsetOf(destinationRule, version));
}

/**
 * A version's subset: the existing one, or a copy of the model's. The plain subset is no model.
 */
function addedSubset(known: IstioObjects, version: string, model: string): Subset {
  const { destinationRule, plain } = known;
  const isAlone = version === plain?.name || model === plain?.name;
  return isAlone
    ? subsetIn(known, version)
    : (findSubset(destinationRule, version) ?? subsetLike(subsetIn(known, model), model, version));
}

function reachable(rule: DestinationRule, host: string, subset: string): Question<ReadonlySet<string>> {
  return {
    paths: [dumpPath('dynamic_endpoint_configs', clusterNamePattern(host), 'include_eds&')],
    written: rule,
    read: ([dump], proxy, ready) =>
      evaluateEndpoints(dump as EndpointsDump, {
        host,
        subset,
        ready,
        isExported: isExportedTo(rule, proxy.namespace),
        barrier: barrierIn(rule),
      }),
  };
}

function routed(known: IstioObjects, target: RouteTarget, { from, to, share, marker }: Move): Question {
  const { virtualService } = known;
  const { metadata, spec } = virtualService;
  const names = new Set((spec.http ?? []).map(({ name = '' }) => name));
  // A current version without a subset is all pods: proxies outside of these hosts and gateways keep sending
  // to all of them.
  const isLeft = !namedSubsets(virtualService, target).has(from) && (from !== '' || isForMesh(known, target));
  const expected = {
    host: target.host,
    reference: virtualServiceReference(target.namespace, metadata.name),
    names,
    roots: namesByRoot(known, names),
    // In a roll back another author's route may name the leaving version.
    forbidden: isLeft ? from : undefined,
    // Back at every version Istio's own route would look the same: to a proxy that shows it the routes
    // between may be on their way still.
    isForAll: to === '' && isForMesh(known, target),
    shared: share < 100 ? { subset: from, marker } : undefined,
  };
  // A cluster of the service has the host in its name. A route of the app has its VirtualService as
  // reference.
  const texts = [target.host, ...[expected.reference, ...expected.roots.keys()].map(nameIn)];
  return {
    // Ask for all routes, not only those of a port: no route at all may name the leaving version.
    paths: ['/config_dump?resource=dynamic_route_configs'],
    shorten: (dump) => withoutOtherHosts(dump, texts),
    narrow: {
      namesIn: ([dump]) => routeConfigsOf(dump as RoutesDump, expected),
      paths: (names) => [dumpPath('dynamic_route_configs', names.map(escapePattern).join('|'))],
    },
    written: virtualService,
    read: ([dump]) => evaluateRoutes(dump as RoutesDump, expected),
  };
}

/** Whether the routes are for every sidecar that calls the Service by its name. */
function isForMesh({ virtualService, roots }: IstioObjects, { host, namespace }: RouteTarget): boolean {
  return (roots.length > 0 ? roots : [virtualService]).some(({ metadata, spec }) => {
    const { gateways = ['mesh'], hosts = [] } = spec;
    const isNamed = hosts.some((one) => fullHost(one, metadata.namespace ?? namespace) === host);
    return gateways.includes('mesh') && isNamed;
  });
}

function subsetOfCluster(cluster: string, host: string): string | undefined {
  const name = parseClusterName(cluster);
  return name?.host === host && name.subset !== '' ? name.subset : undefined;
}

function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function gone(rule: DestinationRule, host: string, subset: string): Question {
  const pattern = clusterNamePattern(host, subset);
  return {
    // Read warming before active: a cluster that becomes active in between is still seen.
    paths: [dumpPath('dynamic_warming_clusters', pattern), dumpPath('dynamic_active_clusters', pattern)],
    written: rule,
    read: ([warming, active]) =>
      evaluateGone({ warming: warming as ClustersDump, active: active as ClustersDump }, { host, subset }),
  };
}

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/#DestinationRule-export_to */
function isExportedTo({ metadata, spec }: DestinationRule, namespace: string): boolean {
  const { exportTo = [] } = spec as { exportTo?: string[] };
  const own = metadata.namespace === namespace;
  return (
    exportTo.length === 0 || exportTo.some((to) => to === '*' || to === namespace || (to === '.' && own))
  );
}

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection-Delay */
function longestDelayMs({ spec: { http = [] } }: VirtualService): number {
  const delays = http.map(({ fault }) => {
    const { fixedDelay } = (fault as { delay?: { fixedDelay?: string } } | undefined)?.delay ?? {};
    return fixedDelay === undefined ? 0 : parseDuration(fixedDelay, 'fixedDelay');
  });
  return Math.max(0, ...delays);
}

/** One line for each route and share; none for a route whose whole traffic goes to the candidate. */
function sharesOf(
  http: VirtualService['spec']['http'] & object,
  { shares, ...move }: Omit<Move, 'share'> & { shares: readonly number[] },
  target: RouteTarget,
): string[] {
  let routes = http;
  return shares.flatMap((share) => {
    const moved = redirect(routes, { ...move, share }, target);
    // Use the author's names: the marker says nothing about the shares.
    const named = moved.map((route, index) => ({ ...route, name: routes[index]?.name ?? '' }));
    const changed = named.filter((_route, index) => moved[index] !== routes[index]);
    routes = named;
    return describeShares(changed, target).map((text) => `With ${share} % for ${move.to}: ${text}`);
  });
}
