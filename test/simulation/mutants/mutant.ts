/** A switch that lacks something, for the test alone: the simulation must find out. */
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import type { Prover, SwitchOptions } from '../../../scripts/switch/index.ts';

export interface Mutant {
  /** What it lacks. */
  name: string;
  prover?: (real: Prover) => Prover;
  cluster?: (real: Cluster) => Cluster;
  arrange?: SwitchOptions['arrange'];
  /** The first seed to try, where only a rare coincidence shows it. Default 1. */
  from?: number;
}

/** The switch as it is. */
export const UNCHANGED: Mutant = { name: 'none' };
