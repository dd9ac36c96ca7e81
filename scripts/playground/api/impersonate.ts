import { StatusError } from '../store/status-error.ts';
import type { Authorizer } from './context.ts';
import type { ApiRequest, User } from './request.ts';

/**
 * Who the request is made as (`kubectl --as`, `--as-group`).
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 *
 * @throws a 403 Status when the user may not speak for others
 */
export function impersonated({ headers, user }: ApiRequest, authorize: Authorizer): User {
  const name = headers['impersonate-user']?.toString();
  const asked = headers['impersonate-group'];
  const groups = (Array.isArray(asked) ? asked : (asked ?? '').split(','))
    .map((one) => one.trim())
    .filter(Boolean);
  if (name === undefined) return user;
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const resource = account === null ? 'users' : 'serviceaccounts';
  const what = account === null ? name : (account[2] ?? '');
  const where = account?.[1];
  const isAllowed = authorize({
    user,
    verb: 'impersonate',
    group: '',
    version: 'v1',
    resource,
    name: what,
    ...(where === undefined ? {} : { namespace: where }),
  });
  if (!isAllowed) {
    const place = where === undefined ? 'at the cluster scope' : `in the namespace "${where}"`;
    throw new StatusError(
      403,
      'Forbidden',
      `${resource} "${what}" is forbidden: User "${user.name}" cannot impersonate resource "${resource}" in API group "" ${place}`,
      { name: what, kind: resource },
    );
  }
  const own = where === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${where}`];
  return { name, groups: [...(groups.length > 0 ? groups : own), 'system:authenticated'] };
}
