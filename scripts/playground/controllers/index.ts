import { printable } from '../../shared/printable.ts';
import { createEventRecorder } from '../events.ts';
import { createRandom, type Random } from '../network/random.ts';
import type { Pod } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import { startAutoscaler } from './autoscaler.ts';
import type { ControllerContext } from './context.ts';
import { startDeploymentController } from './deployment.ts';
import { startDisruptionController } from './disruption.ts';
import { startEndpointSliceController } from './endpoint-slice.ts';
import { startEventExpiry } from './event-expiry.ts';
import { startJobController } from './job.ts';
import { CONTROLLER_DELAYS, type ControllerDelays } from './options.ts';
import { createOwnedIndex } from './owned-index.ts';
import { refuseWhatIsNotDone } from './refusals.ts';
import { startReplicaSetController } from './replica-set.ts';
import { startScheduler } from './scheduler.ts';
import { createWorkQueue } from './work-queue.ts';
import type { ReplicaSet } from './workload-types.ts';

export { CONTROLLER_DELAYS, type ControllerDelays } from './options.ts';

export interface ControllersOptions {
  delays?: Partial<ControllerDelays>;
  /** Seeded source of every delay. */
  random?: Random;
  /** Told what a controller fails at again and again, in a line for a person. Default: stderr. */
  say?: (line: string) => void;
}

/**
 * kube-controller-manager and kube-scheduler: everything that turns
 * wishes into pods. Works on watches, never by polling.
 */
export function startControllers(store: ObjectStore, options: ControllersOptions = {}): { close(): void } {
  const pods = createOwnedIndex<Pod>(store, 'v1/pods');
  const replicaSets = createOwnedIndex<ReplicaSet>(store, 'apps/v1/replicasets');
  const random = options.random ?? createRandom(1);
  const say = options.say ?? ((line: string) => void process.stderr.write(`${printable(line)}\n`));
  const context: ControllerContext = {
    store,
    random,
    delays: { ...CONTROLLER_DELAYS, ...options.delays },
    pods,
    replicaSets,
    events: (component) => createEventRecorder(store, component),
    queue: (controller, delay, work) => createWorkQueue({ controller, delay, random, say, work }),
  };
  refuseWhatIsNotDone(store);
  const parts = [
    startScheduler(context),
    startReplicaSetController(context),
    startDeploymentController(context),
    startEndpointSliceController(context),
    startAutoscaler(context),
    startDisruptionController(context),
    startJobController(context),
    startEventExpiry(context),
    pods,
    replicaSets,
  ];
  return {
    close() {
      for (const part of parts) part.close();
    },
  };
}
