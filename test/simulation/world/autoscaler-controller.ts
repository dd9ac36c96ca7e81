/** HorizontalPodAutoscalers, roughly: as many pods as there are requests under way, within the bounds. */
import type { Deployment, KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { ObjectStore } from '../api/object-store.ts';
import type { Story } from '../story.ts';
import type { Timeline } from '../time/timeline.ts';
import { NAMESPACE } from './manifests.ts';
import type { PodRegistry } from './pods.ts';

const EVERY_MS = 700;

interface Spec {
  scaleTargetRef: { name: string };
  minReplicas?: number;
  maxReplicas: number;
}

export function startAutoscaling({
  timeline,
  store,
  pods,
  story,
}: {
  timeline: Timeline;
  store: ObjectStore;
  pods: PodRegistry;
  story: Story;
}): void {
  const scale = ({ metadata, ...autoscaler }: KubernetesObject) => {
    const { scaleTargetRef, minReplicas = 1, maxReplicas } = autoscaler['spec'] as Spec;
    const place = { resource: resources.deployments, namespace: NAMESPACE, name: scaleTargetRef.name };
    const deployment = store.get(place) as Deployment | undefined;
    if (deployment === undefined) return;
    const busy = [...pods.all()]
      .filter(({ owner }) => owner === deployment.metadata.uid)
      .reduce((sum, { flights }) => sum + flights.size, 0);
    const replicas = Math.min(maxReplicas, Math.max(minReplicas, busy));
    if (replicas === deployment.spec.replicas) return;
    story.tell(metadata.name, () => `autoscaler: ${replicas} pods for ${busy} requests`);
    store.patch(place, { spec: { replicas } });
  };
  const look = () => {
    store.list(resources.horizontalPodAutoscalers).forEach(scale);
    timeline.after(EVERY_MS, look);
  };
  timeline.after(EVERY_MS, look);
}
