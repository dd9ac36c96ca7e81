import type { EventRecorder } from '../events.ts';
import type { Delay, Random } from '../network/random.ts';
import type { Pod } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import type { ControllerDelays } from './options.ts';
import type { OwnedIndex } from './owned-index.ts';
import type { WorkQueue } from './work-queue.ts';
import type { ReplicaSet } from './workload-types.ts';

/** What every controller works with. */
export interface ControllerContext {
  store: ObjectStore;
  random: Random;
  delays: ControllerDelays;
  pods: OwnedIndex<Pod>;
  replicaSets: OwnedIndex<ReplicaSet>;
  events: (component: string) => EventRecorder;
  /** The keys of one controller: worked on some time after they were added, and again when that fails. */
  queue: (controller: string, delay: Delay, work: (key: string) => void) => WorkQueue;
}

export interface Controller {
  close(): void;
}

/** Time as the API writes it: whole seconds. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
