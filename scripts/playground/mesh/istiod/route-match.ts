import type { HeaderMatchJson, RouteMatchJson, StringMatchJson } from '../xds-types.ts';
import type { HttpMatch, StringMatch } from './istio-objects.ts';

/**
 * A VirtualService's match as Envoy's; no match is everything.
 * @param bySegments Gateway API's rule: a prefix ends with a path segment.
 */
export function routeMatch(match: HttpMatch | undefined, bySegments = false): RouteMatchJson {
  const result: RouteMatchJson = pathMatch(match?.uri);
  if (match === undefined) return result;
  if (bySegments) {
    result.case_sensitive = true;
    if (result.prefix !== undefined && result.prefix !== '/') {
      result.path_separated_prefix = result.prefix;
      delete result.prefix;
    }
  }
  if (match.ignoreUriCase === true && match.uri?.regex === undefined) result.case_sensitive = false;
  const headers: HeaderMatchJson[] = [
    ...Object.entries(match.headers ?? {})
      .sort(byName)
      .map(([name, value]) => headerMatch(name, value)),
    ...Object.entries(match.withoutHeaders ?? {})
      .sort(byName)
      .map(([name, value]) => ({ ...headerMatch(name, value), invert_match: true })),
    ...(match.method === undefined ? [] : [headerMatch(':method', match.method)]),
    ...(match.authority === undefined ? [] : [headerMatch(':authority', match.authority)]),
    ...(match.scheme === undefined ? [] : [headerMatch(':scheme', match.scheme)]),
  ];
  if (headers.length > 0) result.headers = headers;
  const query = Object.entries(match.queryParams ?? {}).sort(byName);
  if (query.length > 0) {
    result.query_parameters = query.map(([name, value]) =>
      isPresence(value) ? { name, present_match: true } : { name, string_match: stringMatch(value) },
    );
  }
  return result;
}

/** Whether nothing is asked of the request, so that no later route can ever be reached. */
export function isCatchAll(match: RouteMatchJson): boolean {
  const everyPath = match.prefix === '/' || match.safe_regex?.regex === '.*';
  return everyPath && match.headers === undefined && match.query_parameters === undefined;
}

function byName(a: [string, unknown], b: [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function pathMatch(uri: StringMatch | undefined): RouteMatchJson {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.regex !== undefined) return { safe_regex: { regex: uri.regex } };
  return { prefix: uri?.prefix ?? '/' };
}

function headerMatch(name: string, value: StringMatch): HeaderMatchJson {
  return isPresence(value) ? { name, present_match: true } : { name, string_match: stringMatch(value) };
}

/** `headers: {x-canary: {}}` asks only that the header is there. */
function isPresence(value: StringMatch): boolean {
  return value.exact === undefined && value.prefix === undefined && value.regex === undefined;
}

function stringMatch(value: StringMatch): StringMatchJson {
  if (value.regex !== undefined) return { safe_regex: { regex: value.regex } };
  return value.prefix === undefined ? { exact: value.exact ?? '' } : { prefix: value.prefix };
}
