import { randomBytes } from 'node:crypto';
import type { Container, Pod, PodSpec } from './pod-types.ts';
import type { KubeObject, ObjectStore } from './storage/types.ts';

/**
 * What a container finds of its pod's ServiceAccount:
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3_607;
const FILE_MODE = 0o644;

type Account = KubeObject & { automountServiceAccountToken?: boolean };

/**
 * Mounts token, certificate and namespace into each new pod, as the admission
 * plugin ServiceAccount does, unless the pod or its account says no.
 */
export function mountServiceAccounts(store: ObjectStore): void {
  store.addAdmission('v1/pods', (draft) => {
    const pod = draft as Pod;
    if (pod.spec === undefined) return;
    const account = store.get<Account>(
      'v1/serviceaccounts',
      pod.metadata.namespace,
      pod.spec.serviceAccountName ?? 'default',
    );
    const mounts = pod.spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
    if (mounts) addVolume(pod.spec);
  });
}

function addVolume(spec: PodSpec): void {
  const without = [...(spec.initContainers ?? []), ...spec.containers].filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === FOLDER),
  );
  if (without.length === 0) return;
  const name = `kube-api-access-${randomBytes(4).toString('hex').slice(0, 5)}`;
  for (const container of without) mount(container, name);
  spec.volumes = [
    ...(spec.volumes ?? []),
    {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
        defaultMode: FILE_MODE,
      },
    },
  ];
}

function mount(container: Container, name: string): void {
  container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: FOLDER }];
}

/** Who a pod is for the API server. */
export function userOfPod({ metadata: { namespace = '' }, spec }: Pod): { name: string; groups: string[] } {
  return {
    name: `system:serviceaccount:${namespace}:${spec?.serviceAccountName ?? 'default'}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
