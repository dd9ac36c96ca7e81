/** The rules of an HTTPRoute: which versions serve, and the same rules with another version serving. */
import { isDeepStrictEqual } from 'node:util';
import { hasMarker, withMarker, withoutMarker } from '../marker.ts';
import { shareOut } from '../share-out.ts';
import type { LiveVersion, Move } from '../traffic-routing.ts';
import { percentages } from '../weights.ts';
import type { BackendReference, ObjectReference, RouteFilter, Rule } from './http-route.ts';

/** Maps the versions of the app to Services and back. */
export interface Naming {
  /** '' for the app's own Service, which is all versions; undefined for another app's Service. */
  versionOf(reference: ObjectReference): string | undefined;
  /** The name of the version's Service, existing or to be added. */
  serviceOf(version: string): string;
}

/** The largest weight of a backend that the API server accepts; used for their sum too. */
const GREATEST_WEIGHT = 1_000_000;

export const weightOf = ({ weight = 1 }: BackendReference): number => weight;

/** The app's versions in the main rule, largest share first, in percent of the traffic of all of them. */
export function liveVersions(rules: readonly Rule[], naming: Naming): LiveVersion[] {
  const serving = [...served(rules, naming)];
  const percent = percentages(serving.map(([, weight]) => weight));
  return serving
    .map(([subset], index) => ({ subset, weight: percent[index] ?? 0 }))
    .sort((a, b) => b.weight - a.weight);
}

/** The second version's percentage of the traffic that the main rule gives to both. */
export function shareBetween(
  rules: readonly Rule[],
  [one, other]: readonly [string, string],
  naming: Naming,
): number {
  const serving = served(rules, naming);
  const of = (version: string) => serving.get(version) ?? 0;
  return of(other) === 0 ? 0 : (100 * of(other)) / (of(one) + of(other));
}

function served(rules: readonly Rule[], naming: Naming): Map<string, number> {
  const ours = rules.filter((rule) => isOurs(rule, naming));
  const main = ours.filter(takesTheRest).at(-1) ?? ours.at(-1);
  const weights = new Map<string, number>();
  for (const backend of main?.backendRefs ?? []) {
    const version = naming.versionOf(backend);
    if (version !== undefined && weightOf(backend) > 0)
      weights.set(version, (weights.get(version) ?? 0) + weightOf(backend));
  }
  return weights;
}

interface Match {
  path?: { type?: string; value?: string };
  [field: string]: unknown;
}

/** Whether it is the main rule: the one that takes all requests no other rule matches. */
function takesTheRest({ matches = [] }: Rule): boolean {
  const isAny = ({ path, ...more }: Match) =>
    Object.keys(more).length === 0 &&
    (path?.type ?? 'PathPrefix') === 'PathPrefix' &&
    (path?.value ?? '/') === '/';
  return matches.length === 0 || matches.some((match) => isAny(match as Match));
}

/** Whether a backend of the rule is a version of the app, or the app's own Service. */
export const isOurs = ({ backendRefs = [] }: Rule, naming: Naming): boolean =>
  backendRefs.some((backend) => naming.versionOf(backend) !== undefined);

/** All references of the rule: its backends and its mirrors. */
export function referencesOf({ backendRefs = [], filters = [] }: Rule): ObjectReference[] {
  const own = backendRefs.flatMap((backend) => (backend.filters ?? []) as RouteFilter[]);
  const mirrors = [...filters, ...own].flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []);
  return [...backendRefs, ...mirrors];
}

export function mentions(rule: Rule, version: string, naming: Naming): boolean {
  return referencesOf(rule).some((reference) => naming.versionOf(reference) === version);
}

/** Every version to which a rule gives requests. */
export function receivingVersions(rules: readonly Rule[], naming: Naming): Set<string> {
  const receivers = rules.flatMap(({ backendRefs = [] }) => backendRefs.filter((one) => weightOf(one) > 0));
  return new Set(receivers.map((one) => naming.versionOf(one)).filter((version) => version !== undefined));
}

/** The rules that give traffic to both versions. */
export function dividedRules(
  rules: readonly Rule[],
  versions: readonly [string, string],
  naming: Naming,
): Rule[] {
  return rules.filter((rule) => {
    const received = receivingVersions([rule], naming);
    return versions.every((version) => received.has(version));
  });
}

/** The shares of each divided rule: `rule "main": v1 47.5 %, v2 2.5 %, tea 50 %`. */
export function describeShares(rules: readonly Rule[], naming: Naming): string[] {
  return rules.flatMap((rule) => {
    const { name = '', backendRefs = [] } = rule;
    if (backendRefs.length < 2 || !isOurs(rule, naming)) return [];
    const percent = percentages(backendRefs.map(weightOf));
    const parts = backendRefs.map((one, index) => {
      const version = naming.versionOf(one) ?? '';
      return `${version === '' ? one.name : version} ${percent[index] ?? 0} %`;
    });
    return [`rule "${name}": ${parts.join(', ')}`];
  });
}

/**
 * The name of a rule with the marker. Names are unique within an HTTPRoute, so a rule without one gets its
 * position instead.
 */
export function markedName({ name }: Rule, index: number, marker: string): string {
  const own = withoutMarker(name);
  return own === '' ? marker.replace(/(-p\d+)?$/, `-i${index}$1`) : withMarker(own, marker);
}

export interface Redirection extends Pick<Move, 'from' | 'to' | 'share' | 'marker'> {
  /** Selects among the rules that name `from`. Default: all. */
  only?: (rule: Rule, index: number) => boolean;
  /** Selects the rules that name `to` already and get the marker too, at 100 %. Default: none. */
  marked?: (rule: Rule, index: number) => boolean;
}

/** The rules with the traffic of `from` given to `to`. Rules that are not selected are the same objects. */
export function redirect(
  rules: readonly Rule[],
  { from, to, share, marker, only, marked }: Redirection,
  naming: Naming,
): Rule[] {
  const lacksMarker = (rule: Rule, index: number) =>
    share === 100 && marked?.(rule, index) === true && mentions(rule, to, naming) && !hasMarker(rule, marker);
  const turned = <T extends ObjectReference>(one: T): T =>
    naming.versionOf(one) === from ? { ...one, name: naming.serviceOf(to) } : one;
  return rules.map((rule, index) => {
    const name = markedName(rule, index, marker);
    if (!mentions(rule, from, naming) || only?.(rule, index) === false)
      return lacksMarker(rule, index) ? { ...rule, name } : rule;
    const { backendRefs, filters } = rule;
    const shared = backendRefs && shareOutBackends(backendRefs, { from, to, share, turned }, naming);
    const mirrored = share === 100 && filters ? turnedMirrors(filters, turned) : filters;
    return {
      ...rule,
      name,
      ...(mirrored ? { filters: mirrored } : {}),
      ...(shared ? { backendRefs: shared } : {}),
    };
  });
}

type Turn = <T extends ObjectReference>(one: T) => T;

function turnedMirrors(filters: readonly RouteFilter[], turned: Turn): RouteFilter[] {
  return filters.map((filter) => {
    const { requestMirror } = filter;
    return requestMirror === undefined
      ? filter
      : { ...filter, requestMirror: { ...requestMirror, backendRef: turned(requestMirror.backendRef) } };
  });
}

function shareOutBackends(
  backends: readonly BackendReference[],
  { from, to, share, turned }: Pick<Redirection, 'from' | 'to' | 'share'> & { turned: Turn },
  naming: Naming,
): BackendReference[] {
  const all = share === 100 ? backends.map((one) => withMirrorsTurned(one, turned)) : [...backends];
  const moved = shareOut(all, {
    share,
    isFrom: (one) => naming.versionOf(one) === from,
    isTo: (one) => naming.versionOf(one) === to,
    isSamePlace: (one, other) =>
      isDeepStrictEqual({ ...one, name: '', weight: 0 }, { ...other, name: '', weight: 0 }),
    turned,
    weightOf,
    greatest: GREATEST_WEIGHT,
  });
  if (moved === undefined) return all;
  return moved.map(({ destination, weight }) =>
    destination.weight === undefined && weight === 1 ? destination : { ...destination, weight },
  );
}

function withMirrorsTurned(backend: BackendReference, turned: Turn): BackendReference {
  const { filters } = backend;
  return filters === undefined
    ? backend
    : { ...backend, filters: turnedMirrors(filters as RouteFilter[], turned) };
}
