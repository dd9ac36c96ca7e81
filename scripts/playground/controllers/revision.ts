import { canonicalJson } from './canonical.ts';
import type { Deployment, PodTemplate, ReplicaSet } from './workload-types.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MAX = 'deployment.kubernetes.io/max-replicas';
export const HASH_LABEL = 'pod-template-hash';

const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
]);

/** The ReplicaSet whose template is the Deployment's, whatever its hash; the oldest if several. */
export function findNewReplicaSet(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const wanted = canonicalJson(withoutHash(deployment.spec?.template));
  return byAge(sets).find(({ spec }) => canonicalJson(withoutHash(spec?.template)) === wanted);
}

function withoutHash(template: PodTemplate | undefined): unknown {
  const labels = Object.entries(template?.metadata?.labels ?? {}).filter(([label]) => label !== HASH_LABEL);
  // No annotations and none left are the same.
  const { annotations = {}, ...metadata } = template?.metadata ?? {};
  return { ...template, metadata: { ...metadata, annotations, labels: Object.fromEntries(labels) } };
}

export function byAge(sets: readonly ReplicaSet[]): ReplicaSet[] {
  return [...sets].sort(
    (a, b) =>
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      revisionOf(a) - revisionOf(b) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}

export function revisionOf(object: ReplicaSet | Deployment): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0);
}

/** What a Deployment's ReplicaSet is annotated with. */
export function replicaSetAnnotations(
  deployment: Deployment,
  current: Record<string, string>,
  revision: number,
  maxReplicas: number,
): Record<string, string> {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([name]) => !NOT_COPIED.has(name),
  );
  const before = Number(current[REVISION] ?? 0);
  const history = (current[REVISION_HISTORY] ?? '').split(',').filter(Boolean);
  const rises = before > 0 && before < revision;
  if (rises && !history.includes(String(before))) history.push(String(before));
  return {
    ...current,
    ...Object.fromEntries(copied),
    [REVISION]: String(Math.max(before, revision)),
    ...(history.length > 0 ? { [REVISION_HISTORY]: history.join(',') } : {}),
    [DESIRED]: String(deployment.spec?.replicas ?? 1),
    [MAX]: String(maxReplicas),
  };
}
