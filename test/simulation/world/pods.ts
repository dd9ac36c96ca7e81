/** Pods as they really are, beside what the API server shows of them: it hears late. */
import type { Flight } from '../traffic/flight.ts';

/** `failed`: it ended serving by itself, and nobody took it away. */
export type PodState = 'starting' | 'serving' | 'failed' | 'ended';

export interface SimulatedPod {
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  /** Empty for a pod that is not the shop's. */
  readonly version: string;
  /** The Deployment it belongs to, by uid. */
  readonly owner: string;
  state: PodState;
  isEnding: boolean;
  /** Requests it is at work on. */
  readonly flights: Set<Flight>;
  /** Hears when the pod's processes have started, and when they are gone. */
  onStart?: () => void;
  onEnd?: () => void;
}

export interface PodRegistry {
  add(pod: SimulatedPod): void;
  remove(pod: SimulatedPod): void;
  byName(namespace: string, name: string): SimulatedPod | undefined;
  byAddress(ip: string): SimulatedPod | undefined;
  all(): Iterable<SimulatedPod>;
  newAddress(): string;
}

export function createPodRegistry(): PodRegistry {
  const named = new Map<string, SimulatedPod>();
  const addressed = new Map<string, SimulatedPod>();
  let addresses = 0;
  return {
    add(pod) {
      named.set(`${pod.namespace}/${pod.name}`, pod);
      addressed.set(pod.ip, pod);
    },
    remove(pod) {
      named.delete(`${pod.namespace}/${pod.name}`);
      addressed.delete(pod.ip);
    },
    byName: (namespace, name) => named.get(`${namespace}/${name}`),
    byAddress: (ip) => addressed.get(ip),
    all: () => named.values(),
    // No address is given out twice: what a proxy remembers of a pod that is gone means nobody else.
    newAddress: () => `10.0.${(addresses += 1) >> 8}.${addresses & 255}`,
  };
}
