import type { RouteJson, RouteMatchJson } from '../xds-types.ts';
import { replaceAll } from './regex.ts';

/** A request's target as its route rewrites it; the query stays. */
export function rewrittenTarget(target: string, { match, route }: RouteJson): string {
  const { prefix_rewrite: prefix, regex_rewrite: parts } = route ?? {};
  if (prefix === undefined && parts === undefined) return target;
  const [path, query] = divided(target);
  if (parts !== undefined) return replaceAll(parts.pattern.regex, parts.substitution)(path) + query;
  return withPrefix(path, match, prefix ?? '') + query;
}

/** Path and query, the second with its question mark. */
export function divided(target: string): [string, string] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark)];
}

/** A prefix match has its prefix replaced, any other its whole path. */
export function withPrefix(path: string, match: RouteMatchJson, by: string): string {
  const matched = match.path === undefined ? (match.path_separated_prefix ?? match.prefix) : undefined;
  return matched === undefined ? by : by + path.slice(matched.length);
}
