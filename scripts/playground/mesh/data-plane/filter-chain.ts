import type { AccessRecord } from './access-record.ts';
import type { Cluster } from './cluster.ts';
import type { Headers, RequestHead } from './http1/head.ts';
import type { CompiledRoute } from './route-table.ts';

/** What becomes of a request: Envoy's answer without any upstream, or a cluster to send it to. */
export type Decision =
  | {
      kind: 'reply';
      status: number;
      body?: string;
      headers?: Headers;
      flag?: string;
      /** Why, in the access log. */
      details: string;
      /** The route that led here, if one did. */
      routeName?: string;
    }
  /** No answer at all: the connection ends. */
  | { kind: 'close'; cluster: Cluster | undefined; flag: string }
  | { kind: 'forward'; cluster: Cluster; route: CompiledRoute };

/** How one listener treats its requests. */
export interface FilterChain {
  direction: 'gateway' | 'inbound' | 'outbound';
  decide(request: RequestHead): Decision;
  /** For mirrored copies. */
  cluster(name: string): Cluster | undefined;
  /** `istio-envoy` at gateways and for calls into a pod, `envoy` for a pod's own calls. */
  serverName: string;
  /** A request is over. */
  finished(record: AccessRecord, route: CompiledRoute | undefined): void;
  /** Draining: answers carry `connection: close` and the connection ends after them. */
  readonly draining: boolean;
}
