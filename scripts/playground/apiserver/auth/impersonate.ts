import { StatusError } from '../status-error.ts';
import type { AccessAttributes, Authorizer } from '../context.ts';
import type { ApiRequest, User } from '../request.ts';

const GROUP = 'authentication.k8s.io';
const EXTRA = 'impersonate-extra-';

/** Everything a request says of whom it is made as. */
interface Wanted {
  name: string | undefined;
  uid: string | undefined;
  groups: string[];
  extra: Record<string, string[]>;
}

/**
 * Who the request is made as (`kubectl --as`, `--as-group`, `--as-uid`,
 * `--as-user-extra`). Each of the four needs a right of its own.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 *
 * @throws a 403 Status when the user may not impersonate all that is requested, a 500 Status for groups, a
 * uid or extras without a user
 */
export function impersonated(request: ApiRequest, authorize: Authorizer): User {
  const { user } = request;
  const { name, uid, groups, extra } = wantedOf(request);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return user;
    throw new StatusError(
      500,
      'InternalError',
      `Internal Server Error: ${JSON.stringify(request.raw.url ?? '')}: requested groups, a uid or extras without impersonating a user`,
    );
  }
  const verify = (what: Omit<AccessAttributes, 'user' | 'verb'>) =>
    verifyMayImpersonate({ user, verb: 'impersonate', ...what }, authorize);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const namespace = account?.[1];
  if (namespace === undefined) verify({ group: '', version: 'v1', resource: 'users', name });
  else verify({ group: '', version: 'v1', resource: 'serviceaccounts', name: account?.[2] ?? '', namespace });
  for (const one of groups) verify({ group: '', version: 'v1', resource: 'groups', name: one });
  for (const [key, values] of Object.entries(extra))
    for (const value of values)
      verify({ group: GROUP, version: 'v1', resource: 'userextras', subresource: key, name: value });
  if (uid !== undefined) verify({ group: GROUP, version: 'v1', resource: 'uids', name: uid });
  const own =
    namespace === undefined || groups.length > 0
      ? groups
      : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return {
    name,
    groups: withEverybodysGroup(name, own),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function wantedOf({ raw }: ApiRequest): Wanted {
  const values = (header: string): string[] =>
    (raw.headersDistinct[header] ?? []).filter((one) => one !== '');
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(raw.headersDistinct)) {
    if (!header.startsWith(EXTRA) || values(header).length === 0) continue;
    extra[unescaped(header.slice(EXTRA.length))] = values(header);
  }
  const [name] = values('impersonate-user');
  const [uid] = values('impersonate-uid');
  return { name, uid, groups: values('impersonate-group'), extra };
}

/**
 * A key may hold what no header's name may, percent-encoded; one that
 * is not encoded rightly is taken as it stands.
 */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Whoever is somebody is authenticated, unless the groups asked for say which of the two it is. */
function withEverybodysGroup(name: string, groups: string[]): string[] {
  const [known, unknown] = ['system:authenticated', 'system:unauthenticated'];
  if (groups.includes(known) || groups.includes(unknown)) return groups;
  return [...groups, name === 'system:anonymous' ? unknown : known];
}

function verifyMayImpersonate(attributes: AccessAttributes, authorize: Authorizer): void {
  if (authorize(attributes)) return;
  const { user, group = '', resource = '', subresource, name = '', namespace } = attributes;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const place = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  throw new StatusError(
    403,
    'Forbidden',
    `${qualified} "${name}" is forbidden: User "${user.name}" cannot impersonate resource "${what}" in API group "${group}" ${place}`,
    { name, ...(group === '' ? {} : { group }), kind: resource },
  );
}
