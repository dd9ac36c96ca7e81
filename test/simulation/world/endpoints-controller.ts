/** Which pods of the shop are ready, as istiod is told: a little after the pods say so. */
import type { Pod } from '../../../scripts/shared/kubernetes.ts';
import { isReady } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { isSame } from '../api/values.ts';
import type { ObjectStore } from '../api/object-store.ts';
import type { Endpoint } from '../mesh/config.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import { APP, NAMESPACE } from './manifests.ts';

/** Gives the function to call when a pod may have become ready, or has ceased to be. */
export function createEndpointsController(
  { timeline, store, prng }: { timeline: Timeline; store: ObjectStore; prng: Prng },
  onChange: (endpoints: readonly Endpoint[]) => void,
): () => void {
  let isPlanned = false;
  let known: readonly Endpoint[] = [];
  const look = () => {
    isPlanned = false;
    const pods = store.list(resources.pods, NAMESPACE, `app=${APP}`) as Pod[];
    const endpoints = pods
      .filter(isReady)
      .map(({ metadata, status }) => ({ ip: status?.podIP ?? '', labels: metadata.labels ?? {} }));
    if (isSame(endpoints, known)) return;
    known = endpoints;
    onChange(endpoints);
  };
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    timeline.after(prng.skewed(2, 80), look);
  };
}
