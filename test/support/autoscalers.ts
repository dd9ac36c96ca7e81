import { resources } from '../../scripts/shared/resources.ts';
import { FLOOR_ANNOTATION, type Autoscaler } from '../../scripts/switch/changes/autoscaler.ts';
import type { CoffeeCluster } from './cluster.ts';

/** What a switch does to autoscalers, as they stand. */
export async function autoscalersIn({ cluster }: Pick<CoffeeCluster, 'cluster'>) {
  const all = await cluster.list<Autoscaler>(resources.horizontalPodAutoscalers);
  return all.map(({ metadata, spec }) => ({
    name: metadata.name,
    scales: spec.scaleTargetRef.name,
    min: spec.minReplicas,
    authors: metadata.annotations?.[FLOOR_ANNOTATION],
  }));
}
