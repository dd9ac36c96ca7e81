import type { Delay } from '../network/random.ts';

/**
 * The kubelet's own delays, in ms. Defaults: as recorded on a real node (Kubernetes 1.36.4) of 2 shared
 * cores, so upper bounds in size, right in order.
 */
export interface KubeletDelays {
  /**
   * Pod bound -> sandbox and address ready, first container created. Recorded 0.6 s (1.5 s the first time).
   */
  sandbox: Delay;
  /** deletionTimestamp seen -> preStop begins (or SIGTERM, without preStop). */
  deletionSeen: Delay;
  /** preStop ended -> SIGTERM. */
  preStopToSigterm: Delay;
  /** Process exited -> the pod's status says so. */
  exitToStatus: Delay;
  /** Status says terminated -> the object is deleted. */
  statusToGone: Delay;
  /** First restart after a crash comes at once, the next after this, doubling up to `restartBackoffMax`. */
  restartBackoff: number;
  restartBackoffMax: number;
  /** A container that ran this long starts with a fresh back-off. */
  restartBackoffReset: number;
  /** ErrImagePull -> next try, doubling up to `restartBackoffMax`. */
  imageBackoff: number;
  /**
   * ConfigMap or Secret changed -> the files that show it. The kubelet looks at a pod once a minute, spread
   * by up to half (syncFrequency 1m, workerResyncIntervalJitterFactor 0.5).
   */
  volumeRefresh: Delay;
  /** What is left for SIGTERM at least, even when preStop used up the grace period. */
  minimumGrace: number;
}

export const KUBELET_DELAYS: KubeletDelays = {
  sandbox: 500,
  deletionSeen: [
    [0, 2],
    [0.5, 15],
    [1, 40],
  ],
  preStopToSigterm: [
    [0, 8],
    [0.5, 17],
    [1, 28],
  ],
  exitToStatus: [
    [0, 140],
    [0.5, 250],
    [1, 600],
  ],
  statusToGone: [
    [0, 100],
    [0.5, 600],
    [1, 1_010],
  ],
  restartBackoff: 10_000,
  restartBackoffMax: 300_000,
  restartBackoffReset: 600_000,
  imageBackoff: 10_000,
  volumeRefresh: [
    [0, 0],
    [1, 90_000],
  ],
  minimumGrace: 2_000,
};
