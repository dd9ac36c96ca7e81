import type { ObjectStore } from '../storage/types.ts';
import { SYSTEM_NAMESPACE } from './system-pods.ts';

/**
 * Tells, once for each pod of the mesh's own namespace, that somebody deletes it and how long it may take to
 * end (ms); 0 when it is gone already (`kubectl delete --force`).
 */
export function watchDeletions(
  store: ObjectStore,
  onDeletion: (podUid: string, graceMs: number) => void,
): { handled(podUid: string): void; close(): void } {
  const handled = new Set<string>();
  const stop = store.watch('v1/pods', { namespace: SYSTEM_NAMESPACE }, ({ type, object }) => {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
    const gone = type === 'DELETED';
    if (!gone && deletionTimestamp === undefined) return;
    if (!handled.has(uid)) {
      handled.add(uid);
      onDeletion(uid, gone ? 0 : deletionGracePeriodSeconds * 1000);
    }
    if (gone) handled.delete(uid);
  });
  return { handled: (podUid) => void handled.add(podUid), close: stop };
}
