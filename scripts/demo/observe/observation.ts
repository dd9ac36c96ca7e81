/**
 * What a run's cluster did, on the clock of its load (milliseconds after its start). Data only: the report
 * and the live page draw it, the explanation argues from it.
 */
export type PodState = 'starting' | 'ready' | 'not ready' | 'draining' | 'quiet' | 'gone';

export interface PodLane {
  name: string;
  version: string;
  /** The targets of proxies. */
  address: string | undefined;
  changes: { atMs: number; state: PodState }[];
  /** Its application container ended. */
  appEndedAtMs?: number;
  /** Its Envoy ended. */
  proxyEndedAtMs?: number;
}

export interface ProxyLane {
  /**
   * The pod's name, `gateway` for the gateway, `endpoints` for what
   * the API server says where there is no mesh.
   */
  name: string;
  kind: 'gateway' | 'sidecar' | 'endpoints';
  /** Since `atMs` it sends to these pods (names; an address nobody knows stays an address). */
  changes: { atMs: number; subsets: string[]; pods: string[] }[];
  /** It did not answer any more. */
  endedAtMs?: number;
}

/** A proxy was frozen. */
export interface Lateness {
  proxy: string;
  fromMs: number;
  untilMs: number;
}

export interface Observation {
  pods: PodLane[];
  proxies: ProxyLane[];
  late: Lateness[];
  /** Poll interval of the gateway: the resolution of a proxy's times. */
  askedEveryMs: number;
}
