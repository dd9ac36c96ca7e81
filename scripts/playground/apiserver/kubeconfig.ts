import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

export interface KubeconfigOptions {
  url: string;
  caPem: string;
  token: string;
  /** Name of cluster, user and context. */
  name?: string;
  namespace?: string;
}

/** The text of a kubeconfig, as kubectl and the client libraries read it. */
export function renderKubeconfig({
  url,
  caPem,
  token,
  name = 'playground',
  namespace = 'default',
}: KubeconfigOptions): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  });
}

/** Writes the kubeconfig so that only its owner can read the token. */
export async function writeKubeconfig(file: string, options: KubeconfigOptions): Promise<void> {
  await writeFile(file, renderKubeconfig(options), { mode: 0o600 });
}
