import type { PodLane, ProxyLane } from '../observe/observation.ts';

/** `v1-dvjlc`: the version and the part of a pod's name that tells it from its siblings. */
export function shortName({ name, version }: Pick<PodLane, 'name' | 'version'>): string {
  return `${version}-${name.split('-').at(-1) ?? name}`;
}

/** When the pod's deletion began. */
export function endBegunAt({ changes }: PodLane): number | undefined {
  return changes.find(({ state }) => state === 'draining')?.atMs;
}

export interface End {
  atMs: number;
  /** What ended first, as part of a sentence: "its Envoy had ended". */
  part: string;
}

/**
 * When a pod stopped answering. A naive one at SIGTERM, when its deletion begins; a correct one when its
 * first container ends, by the API server (up to 0.3 s late).
 */
export function endOf(pod: PodLane, { naive }: { naive: boolean }): End | undefined {
  const begun = endBegunAt(pod);
  if (begun === undefined) return undefined;
  if (naive) return { atMs: begun, part: 'its application had exited on SIGTERM' };
  const { appEndedAtMs = Infinity, proxyEndedAtMs = Infinity } = pod;
  if (proxyEndedAtMs < appEndedAtMs) return { atMs: proxyEndedAtMs, part: 'its Envoy had ended' };
  if (appEndedAtMs < Infinity) return { atMs: appEndedAtMs, part: 'its application had ended' };
  const gone = pod.changes.find(({ state }) => state === 'gone')?.atMs;
  return gone === undefined ? undefined : { atMs: gone, part: 'it was gone' };
}

/** The names of the pods a proxy sends to at a time; undefined before it was first seen. */
export function targetsAt({ changes }: ProxyLane, atMs: number): string[] | undefined {
  return changes.findLast((change) => change.atMs <= atMs)?.pods;
}

/** When the proxy stopped sending to the pod for good; undefined if it still does, or never did. */
export function leftAt({ changes }: ProxyLane, pod: string): number | undefined {
  const last = changes.findLastIndex(({ pods }) => pods.includes(pod));
  return last < 0 ? undefined : changes[last + 1]?.atMs;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const count = (value: number): string => value.toLocaleString('en-US');
