import type { MemoryStore } from '../../../storage/store.ts';
import type { KubeObject } from '../../../storage/types.ts';
import type { ReplayCluster } from './cluster.ts';
import type { Names } from './names.ts';
import type { RecordingName } from './recordings.ts';

/** What was in the cluster before a recording began: read off its first answers. */
const SCENES: Partial<Record<RecordingName, (store: MemoryStore) => void>> = {
  errors: (store) => {
    namespace(store, 'fx');
    serviceAccount(store, 'fx', 'weak');
  },
  patches: (store) => namespace(store, 'ssa'),
  tables: (store) => {
    namespace(store, 'tab');
    web(store, 'tab', 2);
  },
  'crd-istio': (store) => namespace(store, 'crd'),
  'watch-protocol': (store) => {
    for (const name of ['a', 'b']) {
      store.create('v1/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'crd' },
        data: { v: '1' },
      });
    }
  },
  subresources: (store) => {
    namespace(store, 'sub');
    serviceAccount(store, 'sub', 'weak');
    mayReadConfigMaps(store);
    web(store, 'sub', 2);
    pod(store, 'sub', 'two', ['a', 'b']);
  },
  portforward: (store) => {
    namespace(store, 'pf');
    pod(store, 'pf', 'p', ['app']);
  },
};

export function setScene(recording: RecordingName, { store }: ReplayCluster): void {
  SCENES[recording]?.(store);
}

/** What happened between two recorded requests without being recorded. */
const BETWEEN: Record<string, (store: MemoryStore) => void> = {
  'eviction allowed: 201': (store) => allowOneEviction(store),
  'eviction of a missing pod': (store) => store.delete('policy/v1/poddisruptionbudgets', 'sub', 'web'),
  // Pods in the middle of their grace period held it open then.
  'delete namespace: answers Namespace Terminating': (store) =>
    pod(store, 'sub', 'lingering', ['app'], ['example.com/hold']),
};

export function between(name: string, { store }: ReplayCluster): void {
  BETWEEN[name]?.(store);
}

function allowOneEviction(store: MemoryStore): void {
  store.mutate<KubeObject<{ minAvailable: number }>>(
    'policy/v1/poddisruptionbudgets',
    'sub',
    'web',
    (draft) => {
      if (draft.spec !== undefined) draft.spec.minAvailable = 1;
    },
  );
}

const POD_NAME = /web-6489fbfcb7-[a-z0-9]{5}/;

/** The pods a Deployment made have other names in every run, and are others after a while. */
export function nameThePod({ store }: ReplayCluster, names: Names, text: string): void {
  const recorded = POD_NAME.exec(text)?.[0];
  if (recorded === undefined) return;
  const here = store
    .list('v1/pods', { namespace: 'sub', labels: { app: 'web' } })
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isThere = here.some(({ metadata }) => metadata.name === names.inText(recorded));
  if (!isThere) names.word(recorded, here[0]?.metadata.name ?? recorded);
}

function namespace(store: MemoryStore, name: string): void {
  store.create('v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

function serviceAccount(store: MemoryStore, namespace: string, name: string): void {
  store.create('v1/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  });
}

const RBAC = 'rbac.authorization.k8s.io/v1';

function mayReadConfigMaps(store: MemoryStore): void {
  const metadata = { name: 'reader', namespace: 'sub' };
  store.create(`${RBAC}/roles`, {
    apiVersion: RBAC,
    kind: 'Role',
    metadata,
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
  });
  store.create(`${RBAC}/rolebindings`, {
    apiVersion: RBAC,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'weak', namespace: 'sub' }],
  });
}

function web(store: MemoryStore, namespace: string, replicas: number): void {
  const labels = { app: 'web' };
  store.create('apps/v1/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: containers(['app']) } },
    },
  });
  store.create('v1/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
}

const containers = (names: string[]) =>
  names.map((name) => ({
    name,
    image: 'local.test/app:1',
    imagePullPolicy: 'Never',
    ports: [{ name: 'http', containerPort: 8080 }],
  }));

function pod(
  store: MemoryStore,
  namespace: string,
  name: string,
  names: string[],
  finalizers: string[] = [],
): void {
  store.create('v1/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...(finalizers.length === 0 ? {} : { finalizers }) },
    spec: { containers: containers(names) },
  });
}
