/**
 * Checks the other objects that decide where the app's traffic goes: routes, Gateways, export of Services.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import { fullHost } from '../../../shared/istio-routes.ts';
import type { KubernetesObject, VirtualService } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import type { Resource } from '../../../shared/resources.ts';
import { refuse } from '../../refuse.ts';
import { gatewayApiRoutes, listIfKnown } from '../gateway-api.ts';
import type { GatewayApiRoute } from '../gateway-api.ts';
import type { HTTPRoute, ObjectReference, ParentReference } from './http-route.ts';
import { referencesOf } from './rules.ts';
import { isParentService, matchesOf } from './verify-rules.ts';
import type { Context } from './verify-rules.ts';

/** Not one of the scripts' kinds: `Gateway` is Istio's there. */
const GATEWAYS: Resource = {
  group: resources.httpRoutes.group,
  version: 'v1',
  plural: 'gateways',
  kind: 'Gateway',
  namespaced: true,
};
const DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Annotation with the release of the Gateway API that the definitions are from. */
const BUNDLE_ANNOTATION = 'gateway.networking.k8s.io/bundle-version';
/** The standard channel has names of rules since 1.4. https://gateway-api.sigs.k8s.io/geps/gep-995/ */
const LEAST_BUNDLE = [1, 4] as const;

/** The class whose gateways are Istio's Envoys; gateways of other classes cannot be asked. */
const CLASS = 'istio';

interface GatewayObject extends KubernetesObject {
  spec?: { gatewayClassName?: string };
}

/** Refuses objects that could send traffic past the switch. Returns notes on harmless ones. */
export async function verifyOthers(context: Context): Promise<string[]> {
  const { cluster, signal } = context;
  const everywhere = { namespace: '*', signal };
  const [gateways, services, scopes, ...routes] = await Promise.all([
    cluster.list<GatewayObject>(GATEWAYS, everywhere),
    cluster.list<VirtualService>(resources.virtualServices, everywhere),
    cluster.list<Scope>(resources.sidecars, everywhere),
    ...gatewayApiRoutes.map(async ({ resource, before }) => ({
      kind: resource.kind,
      objects: await listIfKnown<GatewayApiRoute>(cluster, resource, before, everywhere),
    })),
    verifyBundle(cluster, signal),
  ]);
  verifyParents(context, gateways);
  verifyNoVirtualService(context, services);
  for (const found of routes) if (found) verifyNoOtherRoute(context, found.kind, found.objects);
  return verifyScopes(context, scopes);
}

async function verifyBundle(cluster: Cluster, signal: AbortSignal): Promise<undefined> {
  const { plural, group } = resources.httpRoutes;
  const definition = await cluster.get(DEFINITIONS, `${plural}.${group}`, { signal });
  const bundle = definition?.metadata.annotations?.[BUNDLE_ANNOTATION];
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(bundle ?? '') ?? [];
  const isOld =
    Number(major) < LEAST_BUNDLE[0] || (Number(major) === LEAST_BUNDLE[0] && Number(minor) < LEAST_BUNDLE[1]);
  if (isOld)
    refuse(
      `the Gateway API's definitions here are ${bundle ?? 'of no known release'}: rules have names since ${LEAST_BUNDLE.join('.')}, and without them nothing can be proven. Install a newer release`,
    );
  return undefined;
}

const isGateway = ({ group = GATEWAYS.group, kind = 'Gateway' }: ParentReference) =>
  group === GATEWAYS.group && kind === 'Gateway';

function verifyParents({ known: { route, app } }: Context, gateways: readonly GatewayObject[]): void {
  const { name, namespace: own = '' } = route.metadata;
  const parents = route.spec.parentRefs ?? [];
  if (parents.length === 0) refuse(`HTTPRoute ${name} has no parents: no proxy has its rules`);
  for (const parent of parents) {
    const { kind = 'Gateway', namespace = own } = parent;
    if (isParentService(parent, app, route)) continue;
    if (!isGateway(parent))
      refuse(
        `HTTPRoute ${name} is for ${kind} ${parent.name}: a switch follows Gateways and the Service ${app.metadata.name} alone`,
      );
    const found = gateways.find(
      ({ metadata }) => metadata.name === parent.name && metadata.namespace === namespace,
    );
    if (found === undefined)
      refuse(`HTTPRoute ${name} is for Gateway ${parent.name} in ${namespace}, which is not there`);
    const { gatewayClassName = '' } = found.spec ?? {};
    if (gatewayClassName !== CLASS)
      refuse(
        `Gateway ${parent.name} in ${namespace} is of class ${gatewayClassName}: only proxies of class ${CLASS} can be asked what they have`,
      );
  }
}

/**
 * Refuses a VirtualService beside: which one a proxy follows depends on the age of Gateways; no status shows
 * it.
 */
function verifyNoVirtualService({ known, versions, target }: Context, all: readonly VirtualService[]): void {
  const ours = new Set([target.host, ...versions.all.map(({ version }) => versions.hostOf(version))]);
  const hostnames = new Set([...ours, ...(known.route.spec.hostnames ?? [])]);
  for (const { metadata, spec } of all) {
    const home = metadata.namespace ?? '';
    const host = (spec.hosts ?? []).find((one) => hostnames.has(fullHost(one, home)) || hostnames.has(one));
    const { http = [], tcp = [], tls = [] } = spec;
    const named = [
      ...[...http, ...tcp, ...tls].flatMap(({ route = [] }) => route.map(({ destination }) => destination)),
      ...http.flatMap(({ mirror, mirrors = [] }) => [
        ...(mirror ? [mirror] : []),
        ...mirrors.map((one) => one.destination),
      ]),
    ];
    const leads = named.map((one) => fullHost(one.host, home)).find((one) => ours.has(one));
    const found = host ?? leads;
    if (found !== undefined)
      refuse(
        `VirtualService ${metadata.name} in ${home} routes ${found} too; which of the two a proxy follows nobody says. Keep the HTTPRoute ${known.route.metadata.name} or the VirtualService`,
      );
  }
}

/** Another route to these Services would go on sending to the current version, or replace this HTTPRoute. */
function verifyNoOtherRoute(context: Context, kind: string, all: readonly GatewayApiRoute[]): void {
  const { known, target, versions } = context;
  const own = known.route.metadata;
  for (const other of all) {
    const { name, namespace: home = '' } = other.metadata;
    if (kind === resources.httpRoutes.kind && name === own.name && home === target.namespace) continue;
    const place = (one: ObjectReference) => ({ ...one, namespace: one.namespace ?? home });
    const isOurs = (one: ObjectReference) => versions.versionOf(place(one)) !== undefined;
    const parents = (other.spec?.parentRefs ?? []).filter((one) => one.kind === 'Service');
    if (parents.some(isOurs))
      refuse(
        home === target.namespace
          ? `${kind} ${name} in ${home} is for the Service ${parents.find(isOurs)?.name ?? ''} too; a switch changes one HTTPRoute. Merge it into ${own.name}`
          : `${kind} ${name} in ${home} is for the Service ${parents.find(isOurs)?.name ?? ''}: the proxies of ${home} follow it in the place of ${own.name}. Remove it`,
      );
    const backends = (other.spec?.rules ?? []).flatMap((rule) => referencesOf(rule));
    const found = backends.find(isOurs);
    if (found !== undefined)
      refuse(
        `${kind} ${name} in ${home} leads to the Service ${found.name} too; a switch changes one HTTPRoute. Merge it into ${own.name}`,
      );
    if (kind === resources.httpRoutes.kind) verifyMerged(context, other as HTTPRoute);
  }
}

/** HTTPRoutes of one Gateway and one host are one virtual host at a proxy. */
function verifyMerged({ known: { route } }: Context, other: HTTPRoute): void {
  const keyOf = ({ metadata }: HTTPRoute, one: ParentReference) =>
    isGateway(one) ? `${one.namespace ?? metadata.namespace ?? ''}/${one.name}` : '';
  const ours = new Set((route.spec.parentRefs ?? []).map((one) => keyOf(route, one)).filter(Boolean));
  const isShared = (other.spec.parentRefs ?? []).some((one) => ours.has(keyOf(other, one)));
  const hosts = route.spec.hostnames ?? [];
  const others = other.spec.hostnames ?? [];
  const meets = isDeepStrictEqual(hosts, others) || hosts.some((one) => others.includes(one));
  if (!isShared || !meets) return;
  const which = `HTTPRoute ${other.metadata.name} in ${other.metadata.namespace ?? ''}`;
  const [rules, more] = [route.spec.rules ?? [], other.spec.rules ?? []];
  const name = rules.flatMap((rule) => rule.name ?? []).find((one) => more.some((rule) => rule.name === one));
  if (name !== undefined)
    refuse(
      `${which} has a rule named ${name} for the same host: a proxy shows both as one. Give one of them another name`,
    );
  const match = rules
    .flatMap(matchesOf)
    .find((one) => more.flatMap(matchesOf).some((two) => isDeepStrictEqual(one, two)));
  if (match !== undefined)
    refuse(
      `${which} has the match ${JSON.stringify(match)} for the same host: a proxy has only the older of the two. Remove one`,
    );
}

interface Scope extends KubernetesObject {
  spec?: { egress?: { hosts?: string[] }[]; workloadSelector?: unknown };
}

/** A proxy that has the rules without their Services answers 500. */
function verifyScopes({ target, namespace, versions, to }: Context, scopes: readonly Scope[]): string[] {
  const sees = (hosts: readonly string[], home: string, wanted: string) =>
    hosts.some((pattern) => {
      const [place = '', host = ''] = pattern.includes('/') ? pattern.split('/') : ['*', pattern];
      const hereabouts = place === '*' || place === namespace || (place === '.' && home === namespace);
      const wildcard = host === '*' || (host.startsWith('*.') && wanted.endsWith(host.slice(1)));
      return hereabouts && (wildcard || fullHost(host, home) === wanted);
    });
  return scopes.flatMap(({ metadata, spec = {} }) => {
    const home = metadata.namespace ?? '';
    const hosts = (spec.egress ?? []).flatMap((egress) => egress.hosts ?? []);
    if (hosts.length === 0) return [];
    const seen = sees(hosts, home, target.host);
    if (seen && !sees(hosts, home, versions.hostOf(to)))
      refuse(
        `Sidecar ${metadata.name} in ${home} lets its proxies see ${target.host} and not ${versions.hostOf(to)}: they would answer 500. Add that host`,
      );
    return seen
      ? []
      : [`Sidecar ${metadata.name} in ${home} leaves ${target.host} out: its proxies have nothing to prove`];
  });
}
