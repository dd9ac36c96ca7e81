import { createSecureContext } from 'node:tls';
import { UsageError, messageOf } from '../../errors.ts';
import type { UserFields } from '../kubeconfig/fields.ts';
import { rotatingFile } from './file-content.ts';

interface Pair {
  cert: string;
  key: string;
}

/**
 * Reads the certificate and key of a user at each use: their files may be renewed.
 * Undefined when the user has none. The reader throws UsageError when they cannot be
 * used; later on a broken or half renewed pair is ignored and the last good one kept.
 */
export function clientCertificate(user: UserFields, userName: string): (() => Pair) | undefined {
  const readCert = contentOf(user['client-certificate-data'], user['client-certificate']);
  const readKey = contentOf(user['client-key-data'], user['client-key']);
  if (readCert === undefined || readKey === undefined) return undefined;
  let last: Pair | undefined;
  return () => {
    try {
      const pair = { cert: readCert(), key: readKey() };
      if (last?.cert !== pair.cert || last.key !== pair.key) verifyPair(pair);
      last = pair;
    } catch (error) {
      if (last === undefined)
        throw new UsageError(
          `user "${userName}": its client certificate cannot be used: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
    }
    return last;
  };
}

/** @throws Error when the two are no PEM or do not belong together */
export function verifyPair({ cert, key }: Pair): void {
  if (!cert.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no PEM certificate');
  createSecureContext({ cert, key });
}

function contentOf(data: string, file: string): (() => string) | undefined {
  if (data !== '') return () => data;
  return file === '' ? undefined : rotatingFile(file, () => undefined);
}
