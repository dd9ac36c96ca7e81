/**
 * The credentials of a user, in client-go's order: a token or its file, then username and password, then a
 * client certificate, then a login command.
 */
import { isDeepStrictEqual } from 'node:util';
import { UsageError, messageOf } from '../../errors.ts';
import type { Connection } from '../kubeconfig/connection.ts';
import { clientCertificate } from './client-certificate.ts';
import { execPluginOf } from './exec-plugin.ts';
import type { LoginSurroundings } from './exec-plugin.ts';
import { headerValue } from './header-value.ts';
import type { Credentials, Headers, Identity } from './identity.ts';
import { impersonationHeaders } from './impersonation.ts';
import { tokenFile } from './token-file.ts';

export function createCredentials(connection: Connection, surroundings: LoginSurroundings): Credentials {
  const { user, userName, sendsCredentials } = connection;
  const impersonation = impersonationHeaders(user, userName);
  if (!sendsCredentials)
    return unchanging(() => ({ headers: impersonation, cert: undefined, key: undefined }));
  const authorization = authorizationOf(connection);
  const certificate = clientCertificate(user, userName);
  // As in kubectl, a login command is not run when there are other credentials.
  if (user.exec === undefined || authorization !== undefined || certificate !== undefined) {
    return unchanging(() => ({
      headers: { ...authorization?.(), ...impersonation },
      ...(certificate?.() ?? { cert: undefined, key: undefined }),
    }));
  }
  const plugin = execPluginOf(connection, user.exec, surroundings);
  const current = async (signal?: AbortSignal): Promise<Identity> => {
    const login = await plugin.login(signal);
    const { token, cert, key } = login;
    return {
      headers: { ...(token === '' ? {} : bearer(token, userName)), ...impersonation },
      ...{ cert, key, login },
    };
  };
  return {
    current,
    renewed(refused, signal) {
      if (refused.login !== undefined) plugin.forget(refused.login);
      return current(signal);
    },
  };
}

/** Only files can have changed meanwhile. */
function unchanging(read: () => Identity): Credentials {
  return {
    current: () => Promise.resolve().then(read),
    renewed: (refused) =>
      Promise.resolve().then(() => {
        const now = read();
        return isDeepStrictEqual(now, refused) ? undefined : now;
      }),
  };
}

function authorizationOf({ user, userName }: Connection): (() => Headers) | undefined {
  const { token, tokenFile: file, username, password } = user;
  if (username !== '' || password !== '') {
    const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
    return () => ({ Authorization: `Basic ${basic}` });
  }
  if (file === '') return token === '' ? undefined : () => bearer(token, userName);
  const read = tokenFile(file);
  return () => bearer(contentOr(read, token, userName), userName);
}

/** The file wins over the token once it can be read. */
function contentOr(read: () => string, token: string, userName: string): string {
  try {
    return read();
  } catch (error) {
    if (token !== '') return token;
    throw new UsageError(`tokenFile of user "${userName}" gives no token: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const bearer = (token: string, userName: string): Headers => ({
  Authorization: `Bearer ${headerValue(token, `the token of user "${userName}"`)}`,
});
