import type { IncomingMessage } from 'node:http';
import { MalformedRequest } from '../../shared/listener/index.ts';
import type { Registry } from './registry/registry.ts';
import type { ResourceType } from './registry/resource-type.ts';
import { resourceKey } from '../storage/resource-key.ts';
import type { ResourceKey } from '../storage/types.ts';

export interface User {
  name: string;
  groups: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

/** A request as the API sees it: what is asked for, of which resource, by whom. */
export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  user: User;
  raw: IncomingMessage;
  target: Target | undefined;
}

/** What a resource path points at. */
export interface Target {
  group: string;
  version: string;
  plural: string;
  type: ResourceType | undefined;
  /** Where its objects are stored. */
  key: ResourceKey;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  /** What follows the subresource: `proxy/some/path`. */
  rest: string;
  /** The deprecated `/watch/` prefix. */
  watchPath: boolean;
}

/** `/api/v1/namespaces/shop/pods/web/log`, `/apis/apps/v1/deployments`; undefined for other paths. */
export function parseTarget(path: string, registry: Registry): Target | undefined {
  const parts = path.split('/').slice(1);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const group = isCore ? '' : (parts[1] ?? '');
  const version = (isCore ? parts[1] : parts[2]) ?? '';
  let rest = parts.slice(isCore ? 2 : 3).filter((part, index, all) => part !== '' || index < all.length - 1);
  if (rest.length === 0 || version === '') return undefined;
  const watchPath = rest[0] === 'watch' && rest.length > 1;
  if (watchPath) rest = rest.slice(1);
  let namespace: string | undefined;
  const isNamespaceItself =
    rest[0] === 'namespaces' &&
    (rest.length <= 2 || (rest.length === 3 && ['status', 'finalize'].includes(rest[2] ?? '')));
  if (rest[0] === 'namespaces' && !(isCore && isNamespaceItself)) {
    namespace = decoded(rest[1] ?? '');
    rest = rest.slice(2);
  }
  const [plural = '', name, subresource] = rest;
  const type = registry.find(resourceKey({ group, version, plural }));
  const key = type?.view?.storage ?? resourceKey({ group, version, plural });
  return {
    group,
    version,
    plural,
    type,
    key,
    namespace,
    name: name === undefined || name === '' ? undefined : decoded(name),
    subresource,
    rest: path.endsWith('/') && rest.length > 3 ? `${rest.slice(3).join('/')}/` : rest.slice(3).join('/'),
    watchPath,
  };
}

/** @throws MalformedRequest for bytes that are no UTF-8 */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new MalformedRequest(`${JSON.stringify(part.slice(0, 200))} is no percent-encoded UTF-8.`);
  }
}

export const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

/** Of one named object, `watch` in the query says nothing: it is a get. */
export const isWatch = ({ query, target }: ApiRequest): boolean =>
  target?.watchPath === true || (target?.name === undefined && isTrue(query.get('watch')));

/** The verb RBAC knows the request by; of a path that is no resource, its method in lower case. */
export function verbOf(request: ApiRequest): string {
  const { method, target } = request;
  if (target === undefined) return method.toLowerCase();
  const isCollection = target.name === undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isWatch(request)) return 'watch';
      return isCollection ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isCollection ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}

/** Who writes, when the request does not say: the program's name from its User-Agent. */
export function fieldManagerOf({ query, headers }: ApiRequest): string {
  const given = query.get('fieldManager');
  if (given !== null && given !== '') return given;
  return headers['user-agent']?.split('/')[0] ?? 'unknown';
}
