/**
 * Acting as somebody else:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
import type { UserFields } from '../kubeconfig/fields.ts';
import { headerValue } from './header-value.ts';
import type { Headers } from './identity.ts';

/** One header for each group and each value. Throws UsageError when a value cannot stand in a header. */
export function impersonationHeaders(user: UserFields, userName: string): Headers {
  if (user.as === '') return {};
  const extra = Object.entries(user['as-user-extra']).filter(([, values]) => values.length > 0);
  const valueOf = (field: string, value: string) => headerValue(value, `${field} of user "${userName}"`);
  return {
    'Impersonate-User': valueOf('as', user.as),
    ...(user['as-uid'] === '' ? {} : { 'Impersonate-Uid': valueOf('as-uid', user['as-uid']) }),
    ...(user['as-groups'].length === 0
      ? {}
      : { 'Impersonate-Group': user['as-groups'].map((group) => valueOf('as-groups', group)) }),
    ...Object.fromEntries(
      extra.map(([key, values]) => [
        `Impersonate-Extra-${escapedKey(key)}`,
        values.map((value) => valueOf('as-user-extra', value)),
      ]),
    ),
  };
}

/** Bytes that a header's name cannot hold, and `%`, as %XX of their UTF-8. */
function escapedKey(key: string): string {
  return [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
