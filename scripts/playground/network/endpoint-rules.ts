import type { KubeObject } from '../storage/types.ts';

export interface EndpointSlice extends KubeObject {
  addressType: string;
  endpoints: SliceEndpoint[] | null;
  ports: SlicePort[] | null;
}

export interface SliceEndpoint {
  addresses: string[];
  conditions: { ready?: boolean; serving?: boolean; terminating?: boolean };
  nodeName?: string;
  targetRef?: { kind: string; namespace: string; name: string; uid: string };
}

export interface SlicePort {
  name?: string;
  protocol?: string;
  port?: number;
}

export interface Target {
  ip: string;
  port: number;
}

/**
 * The endpoints a node's rules send new connections to: the ready ones; when there is none, those that are
 * terminating but still serve (KEP-1669; so it was recorded on a Kubernetes 1.36.4).
 */
export function usableTargets(slices: readonly EndpointSlice[], portName: string): Target[] {
  const ready: Target[] = [];
  const fallback: Target[] = [];
  for (const slice of slices) {
    const port = (slice.ports ?? []).find((candidate) => (candidate.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const ip = addresses[0];
      if (ip === undefined) continue;
      if (conditions.ready ?? true) ready.push({ ip, port });
      else if (conditions.serving === true && conditions.terminating === true) fallback.push({ ip, port });
    }
  }
  return ready.length > 0 ? ready : fallback;
}
