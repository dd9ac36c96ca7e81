import { StatusError } from '../status-error.ts';
import { authorizationFault } from './authorize.ts';
import type { ApiContext } from '../context.ts';
import { impersonated } from './impersonate.ts';
import type { ApiRequest, User } from '../request.ts';

/**
 * Authentication, impersonation and authorization of every request, ordinary or upgraded. After it
 * `request.user` is the impersonated user, if any. `can-i` is answered by the same authorizer.
 *
 * @param user the user of the request's credentials; undefined for an unknown token
 * @throws a Status: 401 for unknown credentials, 403 for what this user may not do
 */
export function admit(request: ApiRequest, user: User | undefined, { authorize }: ApiContext): void {
  if (user === undefined) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  request.user = impersonated(request, authorize);
  const denied = authorizationFault(request, authorize);
  if (denied !== undefined) throw denied;
}
