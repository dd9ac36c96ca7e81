/** Traffic routing by a Service for each version and the rules of an HTTPRoute. */
import { parseClusterName } from '../../../shared/istio/names.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import { seenAs } from '../traffic-routing.ts';
import type { Move, RouteTarget, SeenObject, TrafficRouting } from '../traffic-routing.ts';
import { idsOf } from './as-authored.ts';
import { addedLike, changesOf } from './changes.ts';
import { refusalOf } from './conditions.ts';
import type { HTTPRoute, Rule } from './http-route.ts';
import { versionsIn } from './http-route-objects.ts';
import type { HttpRouteObjects, Versions } from './http-route-objects.ts';
import { gone, reachable, routed } from './questions.ts';
import {
  describeShares,
  liveVersions,
  mentions,
  receivingVersions,
  redirect,
  shareBetween,
} from './rules.ts';
import { verifyOthers } from './verify-others.ts';
import { meshPortsOf, verifyRules } from './verify-rules.ts';
import { labelKeyOf, versionLabels, versionOfLabels } from './version-services.ts';

/** Since then proxies show the names of rules; before, nothing shows which revision a proxy has. */
const LEAST_ISTIO = [1, 24] as const;

export function createHttpRouteRouting(known: HttpRouteObjects, target: RouteTarget): TrafficRouting {
  const { route, app } = known;
  const versions = versionsIn(known, target);
  const labelsOf = (version: string) => {
    const found = versions.find(version);
    return found ? versionLabels(app, found) : { [labelKeyOf(versions.all)]: version };
  };
  const self: TrafficRouting = {
    target,
    objects: [
      seenAs(resources.httpRoutes, route),
      ...versions.all.map(({ service }) => seenAs(resources.services, service)),
    ],
    routesName: { kind: resources.httpRoutes.kind, name: route.metadata.name },
    versionsName: { kind: resources.services.kind, name: app.metadata.name },
    ...inWords(known, versions),
    leastIstio: LEAST_ISTIO,
    hosts: [target.host, ...versions.all.map(({ version }) => versions.hostOf(version))],
    with: (written) => createHttpRouteRouting(withWritten(known, written), target),
    // Services have no generation, so no revision is known as proven: each added Service has a barrier.
    proven: undefined,
    barrier: versions.barriers.at(-1)?.metadata.name,
    asProven: () => self,
    knowing: () => self,
    ...whoServes(route.spec.rules ?? [], versions),
    versions: () => versions.all.map(({ version }) => version),
    has: (version) => versions.find(version) !== undefined,
    labelsOf,
    labelsLike: (version, model) =>
      versionLabels(app, addedLike(versions, app.metadata.name, { version, model })),
    versionOf: (labels) => versionOfLabels(labels, versions.all),
    versionOfCluster(name) {
      const cluster = parseClusterName(name);
      return cluster?.subset === '' ? versions.versionOfHost(cluster.host) : undefined;
    },
    async verify(look) {
      const context = { ...look, known, versions, target };
      verifyRules(context);
      return verifyOthers(context);
    },
    remarks: ({ from }) => callersBesides(known, from),
    longestDelayMs: () => 0,
    ...changesOf(known, versions),
    reachable: (version) => reachable(versions, target, version),
    routed: (move) => routed(known, versions, target, move),
    gone: (version) => gone(versions, version),
  };
  return self;
}

function inWords(
  { route, app }: HttpRouteObjects,
  versions: Versions,
): Pick<TrafficRouting, 'unit' | 'nameOf' | 'describeUnknown' | 'howToName' | 'refusal'> {
  const { name } = app.metadata;
  return {
    unit: 'Service',
    nameOf: (version) => `Service ${versions.serviceOf(version)}`,
    describeUnknown: (version) => `there is no Service ${versions.serviceOf(version)}`,
    howToName: `names no Service of a version of ${name}: make one that selects the pods of the version that serves now, such as ${name}-v1, and give its rules that as backend.`,
    refusal: ({ resource, object }) =>
      resource.kind === resources.httpRoutes.kind && object.metadata.name === route.metadata.name
        ? refusalOf(object)
        : undefined,
  };
}

function whoServes(
  rules: readonly Rule[],
  versions: Versions,
): Pick<
  TrafficRouting,
  'live' | 'shareOf' | 'shareAt' | 'names' | 'receivers' | 'routesOf' | 'describeShares'
> {
  return {
    live: () => liveVersions(rules, versions),
    shareOf: (from, to) => shareBetween(rules, [from, to], versions),
    shareAt: (marker) =>
      rules
        .map(({ name = '' }) => (name.includes(marker) ? Number(/-p(\d+)$/.exec(name)?.[1]) : NaN))
        .find((share) => Number.isInteger(share)),
    names: (version) => rules.some((rule) => mentions(rule, version, versions)),
    receivers: () => receivingVersions(rules, versions),
    routesOf: (version) => idsOf(rules, (rule) => mentions(rule, version, versions)),
    describeShares: (plan) => sharesOf(rules, plan, versions),
  };
}

/** One line for each rule and share; none for a rule whose whole traffic goes to the candidate. */
function sharesOf(
  rules: readonly Rule[],
  { shares, ...move }: Omit<Move, 'share'> & { shares: readonly number[] },
  versions: Versions,
): string[] {
  let last = rules;
  return shares.flatMap((share) => {
    const moved = redirect(last, { ...move, share }, versions);
    // Use the author's names: the marker says nothing about the shares.
    const named = moved.map((rule, index) => ({ ...rule, name: last[index]?.name ?? '' }));
    const changed = named.filter((_rule, index) => moved[index] !== last[index]);
    last = named;
    return describeShares(changed, versions).map((text) => `With ${share} % for ${move.to}: ${text}`);
  });
}

function withWritten(known: HttpRouteObjects, written: readonly SeenObject[]): HttpRouteObjects {
  let { route, services } = known;
  for (const { resource, object, gone: isGone = false } of written) {
    const { name } = object.metadata;
    if (resource.kind === resources.httpRoutes.kind && name === route.metadata.name && !isGone)
      route = object as HTTPRoute;
    if (resource.kind !== resources.services.kind) continue;
    const others = services.filter(({ metadata }) => metadata.name !== name);
    services = isGone ? others : [...others, object as Service];
  }
  return { ...known, route, services };
}

/** Notes callers in the mesh that do not follow the rules. */
function callersBesides({ route, app }: HttpRouteObjects, from: string): string[] {
  const ports = meshPortsOf({ route, app });
  const left = (app.spec.ports ?? []).map(({ port }) => port).filter((port) => ports?.has(port) !== true);
  if (left.length === 0) return [];
  return [
    `HTTPRoute ${route.metadata.name} is not for the mesh (Service ${app.metadata.name}, port ${left.join(', ')}): callers inside it go to every version, and keep ${from} from becoming quiet`,
  ];
}
