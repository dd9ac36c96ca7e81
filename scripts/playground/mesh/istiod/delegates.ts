/**
 * A root VirtualService may leave routes to another one, its delegate. Proxies never hear of the delegate:
 * its routes appear in the root's place, under the root's name, with what both say.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
 */
import {
  isVisibleTo,
  namespaceOf,
  resolveHost,
  type HttpMatch,
  type HttpRule,
  type VirtualServiceObject,
} from './istio-objects.ts';

/**
 * The VirtualServices with every delegate's routes in their root's place. A delegate alone, one that does not
 * exist and one that is not exported to its root's namespace route nothing.
 */
export function mergeDelegates(all: VirtualServiceObject[]): VirtualServiceObject[] {
  if (!all.some(isRoot)) return all;
  const byName = new Map(all.map((one) => [`${namespaceOf(one)}/${one.metadata.name}`, one]));
  return all.map((one) => {
    if (!isRoot(one)) return one;
    const http = (one.spec?.http ?? []).flatMap((rule): HttpRule[] => {
      if (rule.delegate === undefined) return [rule];
      const { name, namespace = namespaceOf(one) } = rule.delegate;
      const found = byName.get(`${namespace}/${name}`);
      const delegate = isVisibleTo(found?.spec?.exportTo, namespace, namespaceOf(one)) ? found : undefined;
      return (delegate?.spec?.http ?? []).flatMap((own) => merge(rule, withFullHosts(own, namespace)) ?? []);
    });
    return { ...one, spec: { ...one.spec, http } };
  });
}

const isRoot = ({ spec }: VirtualServiceObject): boolean =>
  (spec?.hosts ?? []).length > 0 && (spec?.http ?? []).some(({ delegate }) => delegate !== undefined);

/** What the delegate says goes before what the root says; undefined when their matches exclude each other. */
function merge(root: HttpRule, own: HttpRule): HttpRule | undefined {
  const match = mergeMatches(root.match ?? [], own.match ?? []);
  if (match === undefined) return undefined;
  const names = [root.name ?? '', own.name ?? ''].filter((name) => name !== '');
  const rest = { ...root };
  delete rest.delegate;
  return { ...rest, ...own, match, ...(names.length > 0 ? { name: names.join('-') } : {}) };
}

function mergeMatches(root: HttpMatch[], own: HttpMatch[]): HttpMatch[] | undefined {
  if (root.length === 0 || own.length === 0) return [...root, ...own];
  const merged = own.flatMap((inner) =>
    root.flatMap((outer) => {
      const outside =
        outer.uri?.prefix !== undefined &&
        inner.uri !== undefined &&
        !(inner.uri.prefix ?? inner.uri.exact ?? '').startsWith(outer.uri.prefix);
      return outside ? [] : [{ ...outer, ...inner, headers: { ...outer.headers, ...inner.headers } }];
    }),
  );
  return merged.length === 0 ? undefined : merged;
}

/** A short name is of the delegate's own namespace, not of its root's. */
function withFullHosts(rule: HttpRule, namespace: string): HttpRule {
  const full = <T extends { host: string }>(destination: T): T => ({
    ...destination,
    host: resolveHost(destination.host, namespace),
  });
  return {
    ...rule,
    ...(rule.route
      ? { route: rule.route.map((one) => ({ ...one, destination: full(one.destination) })) }
      : {}),
    ...(rule.mirror ? { mirror: full(rule.mirror) } : {}),
    ...(rule.mirrors
      ? { mirrors: rule.mirrors.map((one) => ({ ...one, destination: full(one.destination) })) }
      : {}),
  };
}
