import { StatusError } from '../status-error.ts';
import { authorizationFault } from './authorize.ts';
import type { ApiContext } from '../context.ts';
import { impersonated } from './impersonate.ts';
import type { ApiRequest, User } from '../request.ts';

/**
 * Identity, impersonation, authorization: the one way in for every request, ordinary or upgraded. From here
 * on `request.user` is who it is made as, and `can-i` answers by the same authorizer.
 *
 * @param user whose credentials came with it; undefined for a token nobody gave out
 * @throws a Status: 401 for unknown credentials, 403 for what this user may not do
 */
export function admit(request: ApiRequest, user: User | undefined, { authorize }: ApiContext): void {
  if (user === undefined) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  request.user = impersonated(request, authorize);
  const denied = authorizationFault(request, authorize);
  if (denied !== undefined) throw denied;
}
