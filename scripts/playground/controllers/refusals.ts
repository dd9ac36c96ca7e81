import type { PodSpec, Volume } from '../pod-types.ts';
import { notImplemented } from '../apiserver/status-error.ts';
import type { ObjectStore } from '../storage/types.ts';

/**
 * Kinds that the API knows and no controller here acts on: a stored object would promise what never comes.
 */
const KINDS: Record<string, string> = {
  'apps/v1/statefulsets': 'StatefulSets',
  'apps/v1/daemonsets': 'DaemonSets',
  'batch/v1/cronjobs': 'CronJobs',
};

const VOLUMES = new Set(['name', 'emptyDir', 'configMap', 'secret', 'downwardAPI', 'projected']);

/** Refuses, with a Status that says so, what would be accepted and then not done. */
export function refuseWhatIsNotDone(store: ObjectStore): void {
  for (const [resource, kind] of Object.entries(KINDS)) {
    store.addAdmission(resource, () => {
      throw notImplemented(kind);
    });
  }
  store.addAdmission('v1/pods', ({ spec }) => {
    const pod = spec as (PodSpec & { hostNetwork?: boolean }) | undefined;
    for (const volume of pod?.volumes ?? []) {
      const other = Object.keys(volume satisfies Volume).find((field) => !VOLUMES.has(field));
      if (other !== undefined) throw notImplemented(`volumes of type ${other} (${volume.name})`);
    }
    if (pod?.hostNetwork === true) throw notImplemented('hostNetwork');
  });
}
