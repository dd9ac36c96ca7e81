/**
 * Trusted certificate authorities: the cluster's own authority, else this machine's, as Go finds them.
 * https://pkg.go.dev/crypto/x509#SystemCertPool
 */
import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { UsageError, messageOf } from '../../errors.ts';
import { readRegularFile } from '../../regular-file.ts';
import { MAX_CREDENTIAL_BYTES, rotatingFile } from '../credentials/file-content.ts';
import type { ClusterFields } from '../kubeconfig/fields.ts';

/**
 * Reads the trusted certificates (PEM) at each use, since the file may be
 * renewed. Returns the same list while it is unchanged. The reader throws
 * UsageError when it holds none; undefined: certificates are not verified.
 */
export function trustedAuthorities(
  cluster: ClusterFields,
  { clusterName, env }: { clusterName: string; env: NodeJS.ProcessEnv },
): (() => string[]) | undefined {
  if (cluster['insecure-skip-tls-verify']) return undefined;
  const data = cluster['certificate-authority-data'];
  const file = cluster['certificate-authority'];
  if (data === '' && file === '') {
    let system: string[] | undefined;
    return () => (system ??= systemAuthorities(env));
  }
  const read = data === '' ? rotatingFile(file, verifyCertificates) : () => data;
  let last: string[] = [];
  return () => {
    try {
      const content = read();
      if (content !== last[0]) {
        verifyCertificates(content);
        last = [content];
      }
      return last;
    } catch (error) {
      throw new UsageError(
        `cluster "${clusterName}": its certificate authority cannot be used: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Node accepts any text as `ca`, and then trusts no certificate. */
function verifyCertificates(content: string): void {
  const blocks = content.match(PEM) ?? [];
  if (blocks.length === 0) throw new Error('it holds no PEM certificate');
  for (const block of blocks) new X509Certificate(block);
}

const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

/** Node's own, the machine's (SSL_CERT_FILE and SSL_CERT_DIR name others), and NODE_EXTRA_CA_CERTS. */
function systemAuthorities(env: NodeJS.ProcessEnv): string[] {
  const file = env['SSL_CERT_FILE'] ?? '';
  const folders = (env['SSL_CERT_DIR'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const bundle = (file === '' ? BUNDLES : [file]).map(contentOf).find((content) => content !== '') ?? '';
  const inFolders =
    folders.length > 0 || bundle === ''
      ? (folders.length > 0 ? folders : FOLDERS).flatMap(filesIn).map(contentOf)
      : [];
  const extra = contentOf(env['NODE_EXTRA_CA_CERTS'] ?? '');
  return [...rootCertificates, bundle, ...inFolders, extra].filter((content) =>
    content.includes('-----BEGIN'),
  );
}

function contentOf(file: string): string {
  try {
    return readRegularFile(file, { maxBytes: MAX_CREDENTIAL_BYTES }).toString('utf8');
  } catch {
    return '';
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}
