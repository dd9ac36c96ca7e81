import { hasCondition, type Pod } from '../pod-types.ts';

const PHASES = ['Pending', 'Unknown', 'Running'];

/** Sorts pods so that those to delete first come first (kubernetes pkg/controller, ActivePodsWithRanks). */
export function byDeletionPreference(pods: readonly Pod[], now: number): Pod[] {
  return [...pods].sort((a, b) => compare(a, b, now));
}

function compare(a: Pod, b: Pod, now: number): number {
  return (
    order(isBound(a), isBound(b)) ||
    order(PHASES.indexOf(a.status?.phase ?? 'Pending'), PHASES.indexOf(b.status?.phase ?? 'Pending')) ||
    order(Number(hasCondition(a, 'Ready')), Number(hasCondition(b, 'Ready'))) ||
    order(deletionCost(a), deletionCost(b)) ||
    // Ready for a short time goes before ready for long; times of the same magnitude count as the same.
    order(magnitude(now - readySince(a)), magnitude(now - readySince(b))) ||
    order(restarts(b), restarts(a)) ||
    order(
      magnitude(now - Date.parse(a.metadata.creationTimestamp)),
      magnitude(now - Date.parse(b.metadata.creationTimestamp)),
    ) ||
    order(a.metadata.uid, b.metadata.uid)
  );
}

function order<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isBound(pod: Pod): number {
  return pod.spec?.nodeName ? 1 : 0;
}

function deletionCost(pod: Pod): number {
  return Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
}

function readySince(pod: Pod): number {
  const ready = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
  return ready === undefined ? 0 : Date.parse(ready.lastTransitionTime);
}

function magnitude(ageMs: number): number {
  return Math.floor(Math.log2(Math.max(ageMs / 1_000, 0) + 1));
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
