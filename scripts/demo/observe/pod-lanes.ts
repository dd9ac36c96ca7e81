import { isReady, type Pod } from '../../shared/kubernetes.ts';
import type { WatchEvent } from '../../shared/cluster/cluster.ts';
import type { PodLane, PodState } from './observation.ts';

/** Reduces watch events of pods to one lane per pod, in the order of appearance. */
export function createPodLanes() {
  const lanes = new Map<string, PodLane>();
  const enter = (lane: PodLane, state: PodState, atMs: number): void => {
    const at = Math.max(0, Math.round(atMs));
    if (lane.changes.at(-1)?.state !== state) lane.changes.push({ atMs: at, state });
  };
  return {
    lanes: () => [...lanes.values()],
    observe({ type, object }: Pick<WatchEvent<Pod>, 'type' | 'object'>, atMs: number): void {
      const { name, uid = name, labels } = object.metadata;
      const lane: PodLane = lanes.get(uid) ?? {
        name,
        version: labels?.['version'] ?? '-',
        address: undefined,
        changes: [],
      };
      lanes.set(uid, lane);
      lane.address = object.status?.podIP ?? lane.address;
      for (const { name: container, state } of containersOf(object)) {
        if (!state?.terminated) continue;
        if (container === 'istio-proxy') lane.proxyEndedAtMs ??= Math.round(atMs);
        else if (container === object.spec.containers[0]?.name) lane.appEndedAtMs ??= Math.round(atMs);
      }
      enter(lane, type === 'DELETED' ? 'gone' : stateOf(object, lane), atMs);
    },
    /** Drops the lanes of pods that were gone before this time; gives their uids. */
    forget(beforeMs: number): string[] {
      const gone = [...lanes].filter(([, { changes }]) => {
        const last = changes.at(-1);
        return last?.state === 'gone' && last.atMs < beforeMs;
      });
      for (const [uid] of gone) lanes.delete(uid);
      return gone.map(([uid]) => uid);
    },
    /** When the pod was quiet, by its own log. */
    quiet(name: string, atMs: number): void {
      const lane = [...lanes.values()].find((candidate) => candidate.name === name);
      if (!lane) return;
      const next = lane.changes.findIndex((change) => change.atMs > atMs);
      const change = { atMs: Math.round(atMs), state: 'quiet' as const };
      lane.changes.splice(next < 0 ? lane.changes.length : next, 0, change);
    },
  };
}

function stateOf(pod: Pod, { changes }: PodLane): PodState {
  if (pod.metadata.deletionTimestamp !== undefined) {
    return changes.some(({ state }) => state === 'quiet') ? 'quiet' : 'draining';
  }
  if (isReady(pod)) return 'ready';
  return changes.some(({ state }) => state === 'ready') ? 'not ready' : 'starting';
}

const containersOf = ({ status }: Pod) => [
  ...(status?.containerStatuses ?? []),
  ...(status?.initContainerStatuses ?? []),
];
