import type { OpenPodNetwork, PodNetwork } from '../network-types.ts';
import { addressPerPod } from './address-per-pod.ts';
import { claimLoopbackBlock } from './loopback-block.ts';
import { portPerPod } from './port-per-pod.ts';

export interface PodNetworkOptions {
  /** `auto` (default): an address per pod where the machine has all of 127.0.0.0/8, else a port per pod. */
  mode?: PodNetwork['mode'] | 'auto';
}

/**
 * Opens the pods' network in one of its two modes. Several networks on
 * one machine do not see each other's pods.
 */
export async function createPodNetwork({ mode = 'auto' }: PodNetworkOptions = {}): Promise<OpenPodNetwork> {
  if (mode === 'port-per-pod') return portPerPod();
  const block = await claimLoopbackBlock();
  if (block !== undefined) return addressPerPod(block);
  if (mode === 'auto') return portPerPod();
  throw new Error('No address 127.x.y.z besides 127.0.0.1 can be bound here. Use the mode "port-per-pod".');
}
