/**
 * The two halves of the contract with a login command, client.authentication.k8s.io/v1 and v1beta1: what it
 * is told in the variable KUBERNETES_EXEC_INFO and what it prints.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
import { messageOf } from '../../errors.ts';
import { readRegularFile } from '../../regular-file.ts';
import type { Connection } from '../kubeconfig/connection.ts';
import { fieldsOf, optional, text } from '../kubeconfig/decode.ts';
import type { ExecFields } from '../kubeconfig/fields.ts';
import { parseAsKubectl } from '../kubeconfig/yaml-as-kubectl.ts';
import { verifyPair } from './client-certificate.ts';
import { MAX_CREDENTIAL_BYTES } from './file-content.ts';
import type { Login } from './identity.ts';

/** The value of KUBERNETES_EXEC_INFO; with `cluster` only where the kubeconfig says `provideClusterInfo`. */
export function execInfo(connection: Connection, exec: ExecFields, interactive: boolean): string {
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: exec.apiVersion,
    spec: { ...(exec.provideClusterInfo ? { cluster: clusterInfo(connection) } : {}), interactive },
  });
}

/** The name of the cluster's extension that is meant for the login command. */
const EXTENSION = 'client.authentication.k8s.io/exec';

function clusterInfo({ cluster }: Connection): object {
  const file = cluster['certificate-authority'];
  const authority =
    file === ''
      ? Buffer.from(cluster['certificate-authority-data'], 'latin1')
      : readRegularFile(file, { maxBytes: MAX_CREDENTIAL_BYTES });
  const fields = {
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': authority.toString('base64'),
    'proxy-url': cluster['proxy-url'],
    'disable-compression': cluster['disable-compression'],
    config: cluster.extensions.get(EXTENSION) ?? null,
  };
  const given = Object.entries(fields).filter(
    ([, value]) => !['', false, undefined].includes(value as string),
  );
  return { server: serverAsGiven(cluster.server), ...Object.fromEntries(given) };
}

/** As written, without what follows the path. */
const serverAsGiven = (server: string): string =>
  /^[a-z]+:\/\/[^/?#]+\/./i.test(server) ? server.replace(/[?#].*$/, '') : server;

const credential = fieldsOf<{
  kind: string;
  apiVersion: string;
  status:
    | { token: string; clientCertificateData: string; clientKeyData: string; expirationTimestamp: string }
    | undefined;
}>({
  kind: text,
  apiVersion: text,
  status: optional(
    fieldsOf({ token: text, clientCertificateData: text, clientKeyData: text, expirationTimestamp: text }),
  ),
});

/** @throws Error that says what is wrong with the output, without a word of it: it may hold a secret */
export function readExecCredential(output: string, { apiVersion }: ExecFields): Login {
  const { kind, apiVersion: given, status } = decoded(output);
  if (kind !== 'ExecCredential') throw new Error('what it printed is no ExecCredential');
  if (given !== apiVersion)
    throw new Error(
      `it is configured for ${apiVersion} and printed an ExecCredential of ${given || 'no version'}`,
    );
  if (status === undefined) throw new Error('its ExecCredential has no status');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  if (token === '' && cert === '' && key === '')
    throw new Error('its ExecCredential holds neither a token nor a certificate');
  if ((cert === '') !== (key === ''))
    throw new Error('its ExecCredential holds a certificate or a key, not both');
  if (cert !== '') verifyPair({ cert, key });
  return {
    token,
    ...(cert === '' ? { cert: undefined, key: undefined } : { cert, key }),
    expiresAt: expirationTimestamp === '' ? undefined : timeOf(expirationTimestamp),
  };
}

function decoded(output: string): ReturnType<typeof credential> {
  let parsed: unknown;
  try {
    parsed = parseAsKubectl(output);
  } catch {
    throw new Error('what it printed is no ExecCredential: neither JSON nor YAML');
  }
  try {
    return credential(parsed, '');
  } catch (error) {
    throw new Error(`what it printed is no ExecCredential: ${messageOf(error)}`, { cause: error });
  }
}

function timeOf(timestamp: string): number {
  const time = Date.parse(timestamp);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(timestamp) || Number.isNaN(time))
    throw new Error('its expirationTimestamp is no time of RFC 3339');
  return time;
}
