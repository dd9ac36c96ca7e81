import { qualified, StatusError } from '../store/status-error.ts';
import type { Authorizer } from './context.ts';
import { verbOf, type ApiRequest } from './request.ts';

/** What needs no credentials, as the role system:public-info-viewer grants. */
const PUBLIC_PATHS = /^\/(healthz|livez|readyz|version)(\/|$)/;

/** The 403 for a request that is not allowed; undefined when it is. Comes before the question whether the thing exists. */
export function authorizationFault(request: ApiRequest, authorize: Authorizer): StatusError | undefined {
  const { user, target, path } = request;
  const verb = verbOf(request);
  if (target === undefined) {
    if (PUBLIC_PATHS.test(path) || authorize({ user, verb, path })) return undefined;
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: User "${user.name}" cannot ${verbOfPath(request)} path "${path}"`,
      {},
    );
  }
  const { group, version, plural, namespace, name, subresource } = target;
  const isAllowed = authorize({
    user,
    verb,
    group,
    version,
    resource: plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  });
  if (isAllowed) return undefined;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `${qualified({ group, plural })}${name === undefined ? '' : ` "${name}"`}`;
  return new StatusError(
    403,
    'Forbidden',
    `${what} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
  );
}

const verbOfPath = ({ method }: ApiRequest): string => method.toLowerCase();
