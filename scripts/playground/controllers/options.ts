import type { Delay } from '../network/random.ts';

/**
 * The controllers' own delays, in ms. Defaults: as recorded on a
 * Kubernetes 1.36.4 of one node, on 2 shared cores.
 */
export interface ControllerDelays {
  /**
   * Object changed -> its controller acts. Recorded 3 to 30 ms between
   * a Deployment, its ReplicaSet and its Pods.
   */
  reaction: Delay;
  /** Pod created -> bound to the node. Recorded 7 to 40 ms. */
  scheduling: Delay;
  /**
   * Pod changed -> EndpointSlice changed. Recorded 2 to 66 ms after
   * the deletionTimestamp was seen, median 21 to 39.
   */
  endpointSlice: Delay;
  /**
   * Between two looks of the autoscaler. The real default is 15 s;
   * here it looks when something changed, after this.
   */
  autoscaler: Delay;
}

export const CONTROLLER_DELAYS: ControllerDelays = {
  reaction: [
    [0, 2],
    [0.5, 8],
    [1, 25],
  ],
  scheduling: [
    [0, 6],
    [0.5, 12],
    [1, 30],
  ],
  endpointSlice: [
    [0, 2],
    [0.5, 22],
    [0.9, 45],
    [1, 66],
  ],
  autoscaler: 1_000,
};
