/** The questions to every proxy for an HTTPRoute and its Services: A, B and "gone". */
import type { ClustersDump, EndpointsDump, RoutesDump } from '../../../shared/istio/envoy-answers.ts';
import { clusterNamePattern, escapePattern } from '../../../shared/istio/names.ts';
import { fullHost } from '../../../shared/istio-routes.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { dumpPath } from '../dump-path.ts';
import { withoutMarker } from '../marker.ts';
import { withoutOtherHosts } from '../shorten-routes.ts';
import type { Move, Question, RouteTarget } from '../traffic-routing.ts';
import { evaluateService } from './endpoints.ts';
import { evaluateForgotten } from './gone.ts';
import type { HttpRouteObjects, Versions } from './http-route-objects.ts';
import { isOurs, mentions, receivingVersions, referencesOf } from './rules.ts';
import { evaluateRules, ruleConfigsOf } from './routes.ts';
import type { ExpectedRules } from './routes.ts';
import { meshPortsOf } from './verify-rules.ts';

const patternOf = (hosts: readonly string[]) => hosts.map((host) => clusterNamePattern(host, '')).join('|');

export function reachable(
  versions: Versions,
  { host: app, namespace }: RouteTarget,
  version: string,
): Question<ReadonlySet<string>> {
  const host = versions.hostOf(version);
  const service = versions.find(version)?.service;
  const { name } = versions.barriers.at(-1)?.metadata ?? {};
  const barrier = name === undefined ? undefined : { name, host: fullHost(name, namespace) };
  const others = new Set([app, ...versions.all.map((one) => versions.hostOf(one.version))]);
  return {
    paths: [
      dumpPath(
        'dynamic_endpoint_configs',
        patternOf([...new Set([...others, host, ...(barrier ? [barrier.host] : [])])]),
        'include_eds&',
      ),
    ],
    // istiod's configz does not show Services.
    written: undefined,
    read: ([dump], proxy, ready) =>
      evaluateService(dump as EndpointsDump, {
        host,
        ports: portsOf(service),
        others,
        ready,
        isExported: isExportedTo(service, namespace, proxy.namespace),
        barrier,
      }),
  };
}

/** The ports for which proxies have clusters. */
function portsOf(service: Service | undefined): number[] {
  const all = service?.spec.ports ?? [];
  return all.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map(({ port }) => port);
}

/** https://istio.io/latest/docs/reference/config/annotations/#NetworkingExportTo */
function isExportedTo(service: Service | undefined, own: string, namespace: string): boolean {
  const exportTo = service?.metadata.annotations?.['networking.istio.io/exportTo'] ?? '';
  const places = exportTo
    .split(',')
    .map((place) => place.trim())
    .filter((place) => place !== '');
  return (
    places.length === 0 ||
    places.some((to) => to === '*' || to === namespace || (to === '.' && own === namespace))
  );
}

export function routed(
  known: HttpRouteObjects,
  versions: Versions,
  target: RouteTarget,
  { from }: Pick<Move, 'from'>,
): Question {
  const expected = expectedRules(known, versions, target, from);
  const texts = [expected.app, ...expected.versions, ...expected.unmistakable];
  return {
    paths: ['/config_dump?resource=dynamic_route_configs'],
    shorten: (dump) => withoutOtherHosts(dump, texts),
    narrow: {
      namesIn: ([dump]) => ruleConfigsOf(dump as RoutesDump, expected),
      paths: (names) => [dumpPath('dynamic_route_configs', names.map(escapePattern).join('|'))],
    },
    written: known.route,
    read: ([dump]) => evaluateRules(dump as RoutesDump, expected),
  };
}

function expectedRules(
  known: HttpRouteObjects,
  versions: Versions,
  target: RouteTarget,
  from: string,
): ExpectedRules {
  const { metadata, spec } = known.route;
  const prefix = `${target.namespace}.${metadata.name}.`;
  const rules = (spec.rules ?? []).map((rule, index) => ({ rule, name: rule.name ?? `${prefix}${index}` }));
  const naming = rules.filter(({ rule }) =>
    referencesOf(rule).some((one) => versions.versionOf(one) !== undefined),
  );
  const names = naming.map(({ name }) => name);
  const receiving = naming.filter(
    ({ rule }) => isOurs(rule, versions) && receivingVersions([rule], versions).size > 0,
  );
  // In a roll back another author's rule may name the leaving version.
  const isLeft = !(spec.rules ?? []).some((rule) => mentions(rule, from, versions));
  const host = versions.hostOf(from);
  return {
    app: target.host,
    versions: new Set([...versions.all.map(({ version }) => versions.hostOf(version)), host]),
    names: new Set(names),
    unmistakable: new Set(names.filter((name) => withoutMarker(name) !== name || name.startsWith(prefix))),
    receiving: new Set(receiving.map(({ name }) => name)),
    meshPorts: meshPortsOf(known),
    forbidden: isLeft ? host : undefined,
  };
}

export function gone(versions: Versions, version: string): Question {
  const host = versions.hostOf(version);
  const pattern = clusterNamePattern(host, '');
  return {
    // Read warming before active: a cluster that becomes active in between is still seen.
    paths: [dumpPath('dynamic_warming_clusters', pattern), dumpPath('dynamic_active_clusters', pattern)],
    written: undefined,
    read: ([warming, active]) =>
      evaluateForgotten({ warming: warming as ClustersDump, active: active as ClustersDump }, host),
  };
}
