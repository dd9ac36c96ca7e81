import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { ClusterChoice } from '../../shared/cluster/flags.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { PlaceVars } from '../objects.ts';
import type { Scenario } from '../scenarios.ts';
import type { StepsClock } from '../steps-clock.ts';

export interface Versions {
  from: string;
  to: string;
}

export interface ReleaseContext {
  cluster: Cluster;
  /** For tools that connect for themselves. */
  choice: ClusterChoice;
  /** Template values for this environment. */
  vars: PlaceVars;
  scenario: Scenario;
  versions: Versions;
  signal: AbortSignal;
  clock: StepsClock;
  /** Called right before the first change that concerns a proxy: here rough weather begins. */
  beforeTrafficChanges: () => void;
}

/** Replaces the current version by the candidate; resolves when no pod of the former is left. */
export type Release = (context: ReleaseContext) => Promise<void>;

export async function applyAll(cluster: Cluster, objects: KubernetesObject[]): Promise<void> {
  for (const object of objects) await cluster.apply(object, { force: true });
}
