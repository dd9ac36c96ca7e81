/** A cluster as one of its ServiceAccounts reaches it. */
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';

interface TokenApi {
  createNamespacedServiceAccountToken(request: {
    namespace: string;
    name: string;
    body: object;
  }): Promise<{ status?: { token: string } }>;
}

/** A token for an hour, of an account in the namespace `default`. */
export async function tokenOf(admin: KubeConfig, name: string): Promise<string> {
  const core = admin.makeApiClient(CoreV1Api) as unknown as TokenApi;
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace: 'default',
    name,
    body: { spec: { expirationSeconds: 3600 } },
  });
  return status?.token ?? '';
}

/** The text of a kubeconfig for the administrator's cluster, with somebody else's credentials. */
export function kubeconfigFor(admin: KubeConfig, name: string, credentials: object): string {
  const cluster = admin.getCurrentCluster();
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'here', cluster: { server: cluster?.server, 'certificate-authority-data': cluster?.caData } },
    ],
    users: [{ name, user: credentials }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: name, namespace: 'default' } }],
    'current-context': 'here',
  });
}
