import type { EventRecorder } from '../events.ts';
import type { PodNetwork, SidecarRuntime } from '../network-types.ts';
import type { Random } from '../network/random.ts';
import type { Pod } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import type { Guard } from './guard.ts';
import type { Images } from './images.ts';
import type { KubeletDelays } from './options.ts';

/** What every part of one kubelet works with. */
export interface KubeletContext {
  store: ObjectStore;
  network: PodNetwork;
  images: Images;
  /** Without a mesh a container named `istio-proxy` is an ordinary container. */
  sidecars: SidecarRuntime | undefined;
  guard: Guard;
  stateDir: string;
  nodeName: string;
  delays: KubeletDelays;
  random: Random;
  events: EventRecorder;
  /** Environment every container gets, e.g. KUBERNETES_SERVICE_HOST. */
  env: Record<string, string>;
  /** Where the shim for Node processes lies. */
  shimFile: string;
  /** The list of the cluster's Services, for the shim (`network/service-list.ts`). */
  servicesFile: string | undefined;
  /** Issues a token for the pod's ServiceAccount. */
  serviceAccountToken: ((pod: Pod, lifetimeSeconds: number) => string | undefined) | undefined;
}
