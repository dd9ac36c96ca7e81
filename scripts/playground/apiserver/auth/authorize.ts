import { qualified, StatusError } from '../status-error.ts';
import type { AccessAttributes, Authorizer } from '../context.ts';
import { selectedName } from '../verbs/selectors.ts';
import { verbOf, type ApiRequest, type Target } from '../request.ts';

/**
 * Opening one of these creates something in the pod: since Kubernetes 1.35 it takes `create` beside the verb
 * of the request's method, so that a WebSocket (a GET) needs what SPDY (a POST) does. https://kep.k8s.io/4006
 */
const SESSIONS = new Set(['pods/attach', 'pods/exec', 'pods/portforward']);

/**
 * The 403 for a request that is not allowed; undefined when it is.
 * Comes before the question whether the thing exists.
 */
export function authorizationFault(request: ApiRequest, authorize: Authorizer): StatusError | undefined {
  const { user, target, path } = request;
  const verb = verbOf(request);
  if (target === undefined) {
    if (authorize({ user, verb, path })) return undefined;
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: User "${user.name}" cannot ${verb} path "${path}"`,
      {},
    );
  }
  const { group, plural, subresource } = target;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const verbs = group === '' && SESSIONS.has(resource) ? new Set([verb, 'create']) : [verb];
  const attributes = attributesOf(request, target, verb);
  for (const one of verbs)
    if (!authorize({ ...attributes, verb: one })) return forbidden(one, resource, attributes);
  return undefined;
}

/**
 * The same words as `can-i` uses:
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
 */
function attributesOf(
  { user, query }: ApiRequest,
  target: Target,
  verb: string,
): Omit<AccessAttributes, 'verb'> {
  const { group, version, plural, subresource } = target;
  // Whoever lists or watches the one object of a name asks for that object.
  const isLook = verb === 'list' || verb === 'watch';
  const name = target.name ?? (isLook ? selectedName(query.get('fieldSelector') ?? undefined) : undefined);
  // A namespace lies in itself: a Role there may grant it.
  const isNamespace = group === '' && plural === 'namespaces';
  const namespace = target.namespace ?? (isNamespace ? target.name : undefined);
  return {
    user,
    group,
    version,
    resource: plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function forbidden(verb: string, resource: string, attributes: Omit<AccessAttributes, 'verb'>): StatusError {
  const { user, group = '', resource: plural = '', namespace, name } = attributes;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `${qualified({ group, plural })}${name === undefined ? '' : ` "${name}"`}`;
  return new StatusError(
    403,
    'Forbidden',
    `${what} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
  );
}
