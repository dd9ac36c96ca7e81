import { isStatusError } from './status-error.ts';
import type { MemoryStore } from '../storage/store.ts';
import type { KubeObject, NewObject, ResourceKey } from '../storage/types.ts';

const ROOT_CA = 'kube-root-ca.crt';
const ROOT_CA_PURPOSE =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/**
 * What a cluster keeps by itself: in every namespace the account `default` and the certificate to trust, and
 * the Service `kubernetes` that stands for the API server.
 *
 * @param port the API server's own, for the Service's endpoint
 * @returns stops keeping them
 */
export function keepClusterObjects(store: MemoryStore, caPem: string, port: number): () => void {
  const keep = (resource: ResourceKey, object: NewObject): void => {
    const { namespace } = object.metadata;
    if (store.get('v1/namespaces', undefined, namespace ?? '')?.metadata.deletionTimestamp !== undefined)
      return;
    try {
      store.create(resource, object);
    } catch (error) {
      if (!isStatusError(error)) throw error;
    }
  };
  const account = (namespace: string) =>
    keep('v1/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
  const rootCa = (namespace: string) =>
    keep('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ROOT_CA, namespace, annotations: { 'kubernetes.io/description': ROOT_CA_PURPOSE } },
      data: { 'ca.crt': caPem },
    });
  const again = (name: string, make: (namespace: string) => void) => (gone: KubeObject) => {
    if (gone.metadata.name === name && gone.metadata.namespace !== undefined) make(gone.metadata.namespace);
  };
  const stops = [
    store.watch('v1/namespaces', {}, ({ type, object }) => {
      if (type !== 'ADDED') return;
      account(object.metadata.name);
      rootCa(object.metadata.name);
    }),
    onDeleted(store, 'v1/serviceaccounts', again('default', account)),
    onDeleted(store, 'v1/configmaps', again(ROOT_CA, rootCa)),
  ];
  keepApiService(keep, port);
  return () => stops.forEach((stop) => stop());
}

function onDeleted(store: MemoryStore, resource: ResourceKey, react: (gone: KubeObject) => void): () => void {
  return store.watch(resource, {}, ({ type, object }) => {
    if (type === 'DELETED') react(object);
  });
}

function keepApiService(keep: (resource: ResourceKey, object: NewObject) => void, port: number): void {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const metadata = { name: 'kubernetes', namespace: 'default' };
  keep('v1/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels },
    spec: {
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
    },
  });
  keep('discovery.k8s.io/v1/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  });
}
