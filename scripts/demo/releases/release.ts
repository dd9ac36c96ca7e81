import type { Cluster } from '../../shared/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Scenario } from '../scenarios.ts';

export interface ReleaseContext {
  cluster: Cluster;
  /** For tools that connect for themselves. */
  kubeconfig: string;
  scenario: Scenario;
  signal: AbortSignal;
  /** Runs one step and writes down when it began and how long it took. */
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Called right before the first change that concerns a proxy: here rough weather sets in. */
  beforeTrafficChanges: () => void;
}

/** Brings v2 out in place of v1; resolves when no pod of v1 is left. */
export type Release = (context: ReleaseContext) => Promise<void>;

export async function applyAll(cluster: Cluster, objects: KubernetesObject[]): Promise<void> {
  for (const object of objects) await cluster.apply(object, { force: true });
}
