/** Refuses rules that cannot be proven, or that give 500 although their status is True. */
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../../shared/kubernetes.ts';
import { refuse } from '../../refuse.ts';
import { createMarker } from '../marker.ts';
import type { RoutingLook, RouteTarget } from '../traffic-routing.ts';
import type { HTTPRoute, Rule } from './http-route.ts';
import { stemOf } from './http-route-objects.ts';
import type { HttpRouteObjects, Versions } from './http-route-objects.ts';
import { dividedRules, isOurs, markedName, mentions, receivingVersions, referencesOf } from './rules.ts';
import { refusalOf } from './conditions.ts';
import { serviceLike, versionServicesOf } from './version-services.ts';

export type Context = RoutingLook & { known: HttpRouteObjects; versions: Versions; target: RouteTarget };

/** @throws CommandError with the first reason against a switch */
export function verifyRules(context: Context): void {
  const { known, continued, from, to, versions } = context;
  const { route } = known;
  const rules = route.spec.rules ?? [];
  const which = `HTTPRoute ${route.metadata.name}`;
  const said = refusalOf(route);
  if (said !== undefined) refuse(said);
  verifyDistinct(which, rules);
  verifyBackends(context, which);
  verifyServices(context);
  verifyNames(context);
  const [divided] = continued ? [] : dividedRules(rules, [from, to], versions);
  if (divided)
    refuse(
      `rule "${divided.name ?? ''}" of ${which} divides its traffic between ${from} and ${to} already: give it to one of them first`,
    );
}

/** The API server accepts two rules of one name, and a proxy shows only one of two equal matches. */
function verifyDistinct(which: string, rules: readonly Rule[]): void {
  const names = rules.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuse(
      `${which} has two rules named ${twice}: a proxy shows them as one, and neither could be proven. Give one of them another name`,
    );
  const matches = rules.flatMap((rule) => matchesOf(rule));
  const equal = matches.findIndex((match, index) =>
    matches.slice(0, index).some((earlier) => isDeepStrictEqual(earlier, match)),
  );
  if (equal !== -1)
    refuse(
      `${which} has two rules with the match ${JSON.stringify(matches[equal])}: a proxy has only the first of them. Remove one`,
    );
}

/** The matches with the API server's defaults. */
export function matchesOf({ matches }: Rule): unknown[] {
  const all = { path: { type: 'PathPrefix', value: '/' } };
  return (matches ?? [all]).map((match) => ({ ...all, ...(match as object) }));
}

function verifyBackends({ known, versions, target, from, to }: Context, which: string): void {
  const { route, app, services } = known;
  for (const [index, rule] of (route.spec.rules ?? []).entries()) {
    const name = `rule ${rule.name === undefined ? index + 1 : `"${rule.name}"`} of ${which}`;
    const { backendRefs = [] } = rule;
    if (isOurs(rule, versions) && receivingVersions([rule], versions).has(''))
      refuse(
        `${name} leads to the Service ${app.metadata.name} itself, which is every version at once. Let it lead to ${versions.serviceOf(from)}`,
      );
    if (isOurs(rule, versions) && backendRefs.every(({ weight }) => weight === 0))
      refuse(`${name} has only weights of 0: its requests are answered with 500. Give one backend a weight`);
    for (const one of referencesOf(rule)) {
      const version = versions.versionOf(one);
      if (version === undefined || version === '' || (one.namespace ?? target.namespace) !== target.namespace)
        continue;
      const service = services.find(({ metadata }) => metadata.name === one.name);
      if (service === undefined) {
        if (version !== from && version !== to) continue;
        refuse(
          `${name} leads to the Service ${one.name}, which is not there: its requests are answered with 500`,
        );
      }
      if (!hasPort(service, one.port))
        refuse(
          `${name} leads to port ${one.port ?? 'none'} of the Service ${one.name}, which has no such port: its requests are answered with 500 while its status says True`,
        );
    }
  }
}

const hasPort = ({ spec: { ports = [] } }: Service, port: number | undefined) =>
  ports.some((one) => one.port === port);

/** The candidate's Service will be a copy of the current version's, so that one must exist. */
function verifyServices({ known, versions, from, to, continued }: Context): void {
  const { app, services } = known;
  const current = versions.find(from);
  const all = versionServicesOf(app, services);
  for (const version of [from, to]) {
    const [one, other] = all.filter((each) => each.version === version);
    if (one && other)
      refuse(
        `the Services ${one.service.metadata.name} and ${other.service.metadata.name} are both for ${version}. Keep one`,
      );
  }
  if (current === undefined) {
    if (continued) return;
    return refuse(
      `no Service selects the pods of ${from} alone, and ${to}'s is made like it. Make ${versions.serviceOf(from)}`,
    );
  }
  const { name } = current.service.metadata;
  if (stemOf(current).length === 0)
    refuse(
      `the Service ${name} does not end with -${from}: what ${to}'s is to be called is not known. Give it such a name`,
    );
  if (current.service.spec.clusterIP === 'None')
    refuse(
      `the Service ${name} is headless: a proxy sends to any address there, and nothing can prove which it has`,
    );
  const wanted = serviceLike(current, app.metadata.name, to).metadata.name;
  const there = versions.find(to)?.service.metadata.name;
  if (there !== undefined && there !== wanted)
    refuse(
      `the Service of ${to} is called ${there}, and by ${name} it would be ${wanted}. Give it that name`,
    );
  if (there === undefined && services.some(({ metadata }) => metadata.name === wanted))
    refuse(
      `there is a Service ${wanted} that does not select the pods of ${to} as ${name} does those of ${from}. Remove it, or mend its selector`,
    );
  if (wanted.length > 63) refuse(`${wanted} is too long for the name of a Service (63 characters)`);
}

/** https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#sectionname */
const RULE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_RULE_NAME = 253;

function verifyNames({ known: { route }, versions, from, to }: Context): void {
  for (const [index, rule] of (route.spec.rules ?? []).entries()) {
    if (!mentions(rule, from, versions)) continue;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      // The longest name that it can get: in the 99th run, with a share.
      const name = markedName(rule, index, `${createMarker(one, other, '00000000', 99)}-p99`);
      if (!RULE_NAME.test(name))
        refuse(
          `a rule cannot be called ${name}, by which proxies show which revision they have: only a-z, 0-9, - and . may stand in it. Choose a version name of these`,
        );
      if (name.length > LONGEST_RULE_NAME)
        refuse(
          `rule ${rule.name ?? index} of HTTPRoute ${route.metadata.name} has a name too long to add to it which switch has written it`,
        );
    }
  }
}

/**
 * The ports of the app's own Service that the HTTPRoute names as parent; undefined: it is not for the mesh.
 */
export function meshPortsOf({
  route,
  app,
}: Pick<HttpRouteObjects, 'route' | 'app'>): Set<number> | undefined {
  const parents = (route.spec.parentRefs ?? []).filter((one) => isParentService(one, app, route));
  if (parents.length === 0) return undefined;
  const all = (app.spec.ports ?? []).map(({ port }) => port);
  return new Set(parents.flatMap(({ port }) => port ?? all));
}

export function isParentService(
  { group, kind, name, namespace }: { group?: string; kind?: string; name: string; namespace?: string },
  app: Service,
  { metadata }: HTTPRoute,
): boolean {
  const home = app.metadata.namespace ?? metadata.namespace;
  return (
    (group ?? '') === '' &&
    kind === 'Service' &&
    name === app.metadata.name &&
    (namespace ?? metadata.namespace) === home
  );
}
