/**
 * Restores the names and weights that the author gave to rules. A switch under way adds its marker to the
 * names.
 */
import { hasMarker, withoutMarker } from '../marker.ts';
import type { RouteId } from '../traffic-routing.ts';
import type { Rule } from './http-route.ts';
import { weightOf } from './rules.ts';

/** The ids by which the record of a switch keeps these rules. */
export function idsOf(rules: readonly Rule[], isMeant: (rule: Rule) => boolean): RouteId[] {
  return rules.flatMap((rule, index) => {
    if (!isMeant(rule)) return [];
    const weights = (rule.backendRefs ?? []).map(({ weight }) => weight ?? null);
    return [{ index, name: withoutMarker(rule.name), weights }];
  });
}

/** Recognises a rule by its name, which is unique within an HTTPRoute; one without a name by its position. */
export function isOneOf(ids: readonly RouteId[], rule: Rule, index: number): boolean {
  const own = withoutMarker(rule.name);
  return ids.some(({ name, index: place }) => name === own && (own !== '' || place === index));
}

/** The rules with their author's names and weights. Only those with one of these markers change. */
export function asAuthored(
  rules: readonly Rule[],
  markers: readonly string[],
  ids: readonly RouteId[] = [],
): Rule[] {
  return rules.map((rule, index) => {
    if (!markers.some((marker) => hasMarker(rule, marker))) return rule;
    const { weights } = ids.find((id) => isOneOf([id], rule, index)) ?? {};
    const { name, ...unnamed } = weights === undefined ? rule : withWeights(rule, weights);
    const own = withoutMarker(name);
    return own === '' ? unnamed : { name: own, ...unnamed };
  });
}

/** Restores the author's weights where the present ones have the same ratio. */
function withWeights(rule: Rule, weights: NonNullable<RouteId['weights']>): Rule {
  const { backendRefs = [] } = rule;
  const authored = weights.map((weight) => weight ?? 1);
  const now = backendRefs.reduce((sum, one) => sum + weightOf(one), 0);
  const then = authored.reduce((sum, weight) => sum + weight, 0);
  const isSame =
    backendRefs.length === weights.length &&
    backendRefs.every((one, index) => weightOf(one) * then === (authored[index] ?? 0) * now);
  if (!isSame) return rule;
  const restored = backendRefs.map((one, index) => {
    const weight = weights[index] ?? null;
    // The server writes the default, 1, where the author wrote none.
    return { ...one, weight: weight ?? 1 };
  });
  return { ...rule, backendRefs: restored };
}
