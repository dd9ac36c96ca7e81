/** Checks the other objects that decide where the host's traffic goes: routes, rules, and their export. */
import { fullHost } from '../../../shared/istio-routes.ts';
import type { DestinationRule, KubernetesObject, VirtualService } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import { gatewayApiRoutes, listIfKnown } from '../gateway-api.ts';
import type { GatewayApiRoute } from '../gateway-api.ts';
import type { RoutingLook, RouteTarget } from '../traffic-routing.ts';
import type { IstioObjects } from './istio-objects.ts';
import { dividedRoutes, namedSubsets, namesSubset } from './virtual-service.ts';
import { refuse } from '../../refuse.ts';

type Context = RoutingLook & { known: IstioObjects; target: RouteTarget };

interface Scope extends KubernetesObject {
  spec?: { egress?: { hosts?: string[] }[]; workloadSelector?: unknown };
}

/** Refuses objects that could send traffic past the switch. Returns notes on harmless ones. */
export async function verifyRouting(context: Context): Promise<string[]> {
  const { cluster, known, signal } = context;
  verifyNoOtherProtocol(context);
  verifyNotDivided(context);
  const everywhere = { namespace: '*', signal };
  const [services, rules, scopes, ...routes] = await Promise.all([
    cluster.list<VirtualService>(resources.virtualServices, everywhere),
    cluster.list<DestinationRule>(resources.destinationRules, everywhere),
    cluster.list<Scope>(resources.sidecars, everywhere),
    ...gatewayApiRoutes.map(async ({ resource, before }) => ({
      kind: resource.kind,
      objects: await listIfKnown<GatewayApiRoute>(cluster, resource, before, everywhere),
    })),
  ]);
  verifyRoots(context);
  verifyOneVirtualService(context, services);
  verifyNobodyElseNamesIt(context, services);
  verifyOneDestinationRule(context, rules);
  for (const { kind, objects } of routes) verifyNoGatewayApiRoute(context, kind, objects);
  verifyScopes(known);
  return blindNamespaces(context, scopes);
}

/** A delegate needs a root: it routes nothing by itself. */
function verifyRoots({ known }: Context): void {
  const { virtualService, roots } = known;
  if ((virtualService.spec.hosts ?? []).length === 0 && roots.length === 0)
    refuse(
      `VirtualService ${virtualService.metadata.name} has no hosts, and none delegates to it: no proxy has its routes`,
    );
}

/** Another author's route that names the current version keeps sending to it: proof B would never succeed. */
function verifyNobodyElseNamesIt({ known, target, from }: Context, all: VirtualService[]): void {
  for (const other of all) {
    if (isSame(other, known.virtualService)) continue;
    const home = other.metadata.namespace ?? '';
    if (namedSubsets(other, { host: target.host, namespace: home }).has(from)) {
      refuse(
        `VirtualService ${other.metadata.name} in ${home} ${from === '' ? 'leads to' : `names subset ${from} of`} ${target.host} too; a switch changes one VirtualService. Let it delegate to ${known.virtualService.metadata.name}, or merge the two`,
      );
    }
  }
}

const isSame = (one: VirtualService, other: VirtualService) =>
  one.metadata.name === other.metadata.name && one.metadata.namespace === other.metadata.namespace;

/** Sidecars do not merge the VirtualServices of one host: which one they use is undefined. */
function verifyOneVirtualService({ known, target }: Context, all: VirtualService[]): void {
  const own = [known.virtualService, ...known.roots];
  const hosts = new Set(
    own.flatMap(({ metadata, spec }) =>
      (spec.hosts ?? []).map((host) => fullHost(host, metadata.namespace ?? '')),
    ),
  );
  hosts.add(target.host);
  // A delegate has its roots' gateways.
  const gateways = new Set((known.roots.length > 0 ? known.roots : own).flatMap(gatewaysOf));
  for (const other of all) {
    const home = other.metadata.namespace ?? '';
    if (own.some((one) => isSame(one, other)) || (other.spec.hosts ?? []).length === 0) continue;
    const shared = (other.spec.hosts ?? []).find((host) => hosts.has(fullHost(host, home)));
    const meets = gatewaysOf(other).some((gateway) => gateways.has(gateway));
    if (shared !== undefined && meets) {
      refuse(
        `VirtualService ${other.metadata.name} in ${home} routes ${shared} too; which of the two a proxy follows is undefined. Keep one`,
      );
    }
  }
}

function gatewaysOf({ metadata, spec }: VirtualService): string[] {
  // The default is every sidecar. A gateway's short name is of the VirtualService's namespace.
  return (spec.gateways ?? ['mesh']).map((gateway) =>
    gateway === 'mesh' || gateway.includes('/') ? gateway : `${metadata.namespace ?? ''}/${gateway}`,
  );
}

/** Istio merges a host's rules. Of two subsets with one name it keeps the older, perhaps the other rule's. */
function verifyOneDestinationRule(
  { target, known, namespace, from, to }: Context,
  all: DestinationRule[],
): void {
  for (const { metadata, spec } of all) {
    const home = metadata.namespace ?? '';
    const isOwn = metadata.name === known.destinationRule.metadata.name && home === namespace;
    if (isOwn || fullHost(spec.host, home) !== target.host) continue;
    const twice = spec.subsets?.find(({ name }) => name === from || name === to);
    if (twice !== undefined) {
      refuse(
        `DestinationRule ${metadata.name} in ${home} has a subset ${twice.name} of ${target.host} too; Istio keeps only one of them. Keep one DestinationRule`,
      );
    }
  }
}

/** Routes of the Gateway API name Services, not subsets: their requests go to every version. */
function verifyNoGatewayApiRoute({ app, namespace }: Context, what: string, all: GatewayApiRoute[]): void {
  for (const { metadata, spec = {} } of all) {
    const home = metadata.namespace ?? '';
    const isOurs = ({
      kind,
      name,
      namespace: where = home,
    }: {
      kind?: string;
      name: string;
      namespace?: string;
    }) => kind === 'Service' && name === app && where === namespace;
    const backends = (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs);
    if (
      (spec.parentRefs ?? []).some(isOurs) ||
      backends.some((backend) => isOurs({ ...backend, kind: backend.kind ?? 'Service' }))
    ) {
      refuse(
        `${what} ${metadata.name} in ${home} routes the Service ${app} too, past the subsets: to every version at once. Remove it, or route by the VirtualService alone`,
      );
    }
  }
}

/**
 * A proxy that gets the route must get the subsets that it names too, or it answers 503.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/
 */
function verifyScopes({ virtualService, roots, destinationRule }: Context['known']): void {
  const scopeOf = ({ metadata, spec }: KubernetesObject) => {
    const exportTo = (spec as { exportTo?: string[] }).exportTo ?? [];
    return exportTo.length === 0
      ? ['*']
      : exportTo.map((to) => (to === '.' ? (metadata.namespace ?? '') : to));
  };
  const seen = scopeOf(destinationRule);
  if (seen.includes('*')) return;
  for (const seer of roots.length > 0 ? roots : [virtualService]) {
    const blind = scopeOf(seer).find((to) => !seen.includes(to));
    if (blind === undefined) continue;
    refuse(
      `VirtualService ${seer.metadata.name} is exported to ${blind}, DestinationRule ${destinationRule.metadata.name} only to ${seen.join(', ')}: a proxy that has the route but not the subsets answers 503. Give both the same exportTo`,
    );
  }
}

/** Notes namespaces whose `Sidecar` excludes the host: their proxies cannot call it and prove nothing. */
function blindNamespaces({ target, namespace }: Context, scopes: Scope[]): string[] {
  const matches = (pattern: string, home: string) => {
    const [place = '', host = ''] = pattern.includes('/') ? pattern.split('/') : ['*', pattern];
    const hereabouts = place === '*' || place === namespace || (place === '.' && home === namespace);
    const wildcard = host === '*' || (host.startsWith('*.') && target.host.endsWith(host.slice(1)));
    return hereabouts && (wildcard || fullHost(host, home) === target.host);
  };
  return scopes.flatMap(({ metadata, spec = {} }) => {
    const home = metadata.namespace ?? '';
    const hosts = (spec.egress ?? []).flatMap((egress) => egress.hosts ?? []);
    return hosts.length > 0 && !hosts.some((host) => matches(host, home))
      ? [`Sidecar ${metadata.name} in ${home} leaves ${target.host} out: its proxies have nothing to prove`]
      : [];
  });
}

/** Notes on the app's own objects. */
export function remarksOn(context: Pick<Context, 'known' | 'from' | 'to'>): string[] {
  return [...ejections(context, context.to), ...callersBesides(context)];
}

/** Refuses tcp and tls routes: they have no name that a proxy could show. */
function verifyNoOtherProtocol({ known, from, target }: Context): void {
  const { tcp = [], tls = [] } = known.virtualService.spec;
  const found = [...tcp, ...tls].some(({ route = [] }) =>
    route.some(({ destination }) => namesSubset(destination, from, target)),
  );
  if (found)
    refuse(
      `A tcp or tls route of VirtualService ${known.virtualService.metadata.name} ${from === '' ? `leads to ${target.host}` : `names subset ${from}`}; only http routes can be switched`,
    );
}

/**
 * Refuses a route that divides the traffic already: it is another canary, whose shares a roll back would
 * lose.
 */
function verifyNotDivided({ known, from, to, target, continued }: Context): void {
  if (continued) return;
  const [divided] = dividedRoutes(known.virtualService, [from, to], target);
  if (divided)
    refuse(
      `route "${divided.name ?? ''}" of VirtualService ${known.virtualService.metadata.name} divides its traffic between ${from} and ${to} already: give it to one of them first`,
    );
}

/** Notes outlier detection that may eject most of a version's few pods at once. Envoy's default is 10 %. */
export function ejections({ known }: Pick<Context, 'known'>, to: string): string[] {
  interface Policy {
    outlierDetection?: { maxEjectionPercent?: number };
  }
  const { destinationRule } = known;
  const policies = [destinationRule.spec, ...(destinationRule.spec.subsets ?? [])].map(
    (part) => (part as { trafficPolicy?: Policy }).trafficPolicy?.outlierDetection?.maxEjectionPercent ?? 0,
  );
  const most = Math.max(...policies);
  return most > 50
    ? [`Outlier detection may eject ${most} % of ${to}'s pods: a start with errors leaves too few to serve`]
    : [];
}

/** Notes callers in the mesh that do not follow the routes. */
function callersBesides({ known, from }: Pick<Context, 'known' | 'from'>): string[] {
  const seers = known.roots.length > 0 ? known.roots : [known.virtualService];
  const gateways = seers.flatMap(({ spec }) => spec.gateways ?? ['mesh']);
  return gateways.includes('mesh')
    ? []
    : [
        `VirtualService ${known.virtualService.metadata.name} is not for the mesh (gateways: ${[...new Set(gateways)].join(', ')}): callers inside it go to every version, and keep ${from} from becoming quiet`,
      ];
}
