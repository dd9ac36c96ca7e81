import type { Cluster } from '../../shared/cluster.ts';
import type { ClusterChoice } from '../../shared/cluster-flags.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { PlaceVars } from '../objects.ts';
import type { Scenario } from '../scenarios.ts';
import type { StepsClock } from '../steps-clock.ts';

export interface ReleaseContext {
  cluster: Cluster;
  /** For tools that connect for themselves. */
  choice: ClusterChoice;
  /** Values the templates need at this place. */
  vars: PlaceVars;
  scenario: Scenario;
  signal: AbortSignal;
  clock: StepsClock;
  /** Called right before the first change that concerns a proxy: here rough weather sets in. */
  beforeTrafficChanges: () => void;
}

/** Brings v2 out in place of v1; resolves when no pod of v1 is left. */
export type Release = (context: ReleaseContext) => Promise<void>;

export async function applyAll(cluster: Cluster, objects: KubernetesObject[]): Promise<void> {
  for (const object of objects) await cluster.apply(object, { force: true });
}
