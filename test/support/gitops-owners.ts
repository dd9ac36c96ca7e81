/**
 * Argo CD, Flux and Helm as far as a switch meets them: the marks they leave, the kinds they read, and a loop
 * that writes the files' state again and again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connectCluster, type Cluster } from '../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { waitFor } from '../../scripts/shared/wait.ts';

/** Just enough of a kind of theirs that an object of it can be stored and read. */
function definitionOf(group: string, version: string, kind: string, plural: string): KubernetesObject {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

export const KUSTOMIZATION = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' };
export const HELM_RELEASE = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' };
export const APPLICATION = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' };

/** Resolves when the cluster knows the kinds. */
export async function defineOwners(cluster: Cluster): Promise<void> {
  await cluster.apply(definitionOf('kustomize.toolkit.fluxcd.io', 'v1', 'Kustomization', 'kustomizations'));
  await cluster.apply(definitionOf('helm.toolkit.fluxcd.io', 'v2', 'HelmRelease', 'helmreleases'));
  await cluster.apply(definitionOf('argoproj.io', 'v1alpha1', 'Application', 'applications'));
  for (const kind of [KUSTOMIZATION, HELM_RELEASE, APPLICATION])
    await waitFor(async () => cluster.resourceOf(kind).catch(() => undefined), {
      deadlineMs: 10_000,
      what: `the kind ${kind.kind} to be served`,
    });
}

export interface PlayedOwner {
  /** Its name in `managedFields`. */
  manager: string;
  /** The files as it writes them: with its marks. */
  mark: (object: KubernetesObject) => KubernetesObject;
}

const marked = (object: KubernetesObject, more: { labels?: object; annotations?: object }) => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...object.metadata.labels, ...more.labels },
    annotations: { ...object.metadata.annotations, ...more.annotations },
  },
});

const groupOf = ({ apiVersion = '' }: KubernetesObject) => apiVersion.split('/').slice(0, -1).join('/');

/** All of the application, Kustomization or release `coffee`. */
export const owners: Record<'Argo CD' | 'Flux' | 'Helm', PlayedOwner> = {
  'Argo CD': {
    manager: 'argocd-controller',
    mark: (object) =>
      marked(object, {
        annotations: {
          'argocd.argoproj.io/tracking-id': `coffee:${groupOf(object)}/${object.kind ?? ''}:default/${object.metadata.name}`,
        },
      }),
  },
  Flux: {
    manager: 'kustomize-controller',
    mark: (object) =>
      marked(object, {
        labels: {
          'kustomize.toolkit.fluxcd.io/name': 'coffee',
          'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
        },
      }),
  },
  Helm: {
    manager: 'helm',
    mark: (object) =>
      marked(object, {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: {
          'meta.helm.sh/release-name': 'coffee',
          'meta.helm.sh/release-namespace': 'default',
        },
      }),
  },
};

/** Applies the files once, as the owner. */
export async function applyAsOwner(
  kubeconfig: string,
  { manager, mark }: PlayedOwner,
  files: readonly KubernetesObject[],
): Promise<void> {
  const own = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: manager });
  try {
    for (const object of files) await own.apply(mark(object), { force: true });
  } finally {
    await own.close();
  }
}

/**
 * Applies the files every second, until `work` is over. Gives what
 * that gives, and how often they were applied.
 */
export async function withOwnersLoop<T>(
  kubeconfig: string,
  { manager, mark }: PlayedOwner,
  files: readonly KubernetesObject[],
  work: () => Promise<T>,
): Promise<{ result: T; rounds: number }> {
  const own = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: manager });
  const over = new AbortController();
  let rounds = 0;
  const loop = (async () => {
    while (!over.signal.aborted) {
      for (const object of files) await own.apply(mark(object), { force: true });
      rounds += 1;
      await pause(1000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  try {
    return { result: await work(), rounds };
  } finally {
    over.abort();
    await loop.finally(() => own.close());
  }
}
