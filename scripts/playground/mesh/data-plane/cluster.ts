import type { SocketAddress } from '../../network-types.ts';
import { parseDurationMs } from '../istiod/durations.ts';
import { HTTP_OPTIONS, type ClusterJson, type ClusterLoadAssignmentJson } from '../xds-types.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Host, type PoolSettings } from './host.ts';

const MAX_EJECTION_MS = 300_000;

/** A group of endpoints that a route may name. It is *warming* until its endpoints have arrived. */
export class Cluster implements PoolSettings {
  readonly name: string;
  assignment: ClusterLoadAssignmentJson | undefined;
  lastUpdated = new Date();
  hosts: Host[] = [];
  readonly breaker = new CircuitBreaker(() => this.config.circuit_breakers?.thresholds[0]);
  /** Read from the configuration when it arrives: every request asks. */
  idleTimeoutMs: number | undefined;
  maxRequestsPerConnection: number | undefined;
  #config: ClusterJson;
  #healthy: Host[] = [];
  #next = 0;

  constructor(config: ClusterJson) {
    this.name = config.name;
    this.#config = this.config = config;
  }

  get config(): ClusterJson {
    return this.#config;
  }

  set config(config: ClusterJson) {
    this.#config = config;
    const http = config.typed_extension_protocol_options?.[HTTP_OPTIONS].common_http_protocol_options;
    this.idleTimeoutMs = parseDurationMs(http?.idle_timeout ?? '');
    this.maxRequestsPerConnection = http?.max_requests_per_connection;
  }

  get warming(): boolean {
    return this.config.type === 'EDS' && this.assignment === undefined;
  }

  /** Takes over a new list of endpoints; those that stay keep their connections and counters. */
  assign(
    assignment: ClusterLoadAssignmentJson,
    socketOf: (address: string, port: number) => SocketAddress,
  ): void {
    this.assignment = assignment;
    const before = new Map(this.hosts.map((host) => [`${host.address}:${host.port}`, host]));
    const connectTimeoutMs = parseDurationMs(this.config.connect_timeout) ?? 10_000;
    this.hosts = (assignment.endpoints ?? []).flatMap((locality) =>
      locality.lb_endpoints.map((endpoint) => {
        const { address, port_value: port } = endpoint.endpoint.address.socket_address;
        const key = `${address}:${port}`;
        const host =
          before.get(key) ?? new Host(address, port, socketOf(address, port), connectTimeoutMs, this);
        before.delete(key);
        host.healthy = endpoint.health_status === undefined;
        return host;
      }),
    );
    this.#sort();
    for (const host of before.values()) host.remove();
  }

  /** A cluster whose endpoints do not come from istiod. */
  use(hosts: Host[]): this {
    this.hosts = hosts;
    this.#healthy = hosts;
    return this;
  }

  /** The endpoint for the next request, as the cluster's policy says. Undefined when none is healthy. */
  choose(): Host | undefined {
    const hosts = this.#healthy;
    if (hosts.length < 2) return hosts[0];
    if (this.config.lb_policy === undefined) return hosts[this.#next++ % hosts.length];
    const one = hosts[Math.floor(Math.random() * hosts.length)];
    if (this.config.lb_policy !== 'LEAST_REQUEST') return one;
    // Of two drawn at random, the one with fewer requests in flight.
    const other = hosts[Math.floor(Math.random() * hosts.length)];
    return load(other) < load(one) ? other : one;
  }

  /**
   * Outlier detection by consecutive errors, all or those that a gateway answers with (502 to 504): an
   * endpoint that has failed too often in a row gets nothing for a while, each time longer.
   * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
   */
  report(host: Host, status: number): void {
    const rule = this.config.outlier_detection;
    if (rule === undefined) return;
    const { errors } = host;
    errors.any = status >= 500 ? errors.any + 1 : 0;
    errors.gateway = status >= 502 && status <= 504 ? errors.gateway + 1 : 0;
    const isFaulty = rule.enforcing_consecutive_5xx !== 0 && errors.any >= (rule.consecutive_5xx ?? 5);
    const isCutOff =
      (rule.enforcing_consecutive_gateway_failure ?? 0) > 0 &&
      errors.gateway >= (rule.consecutive_gateway_failure ?? 5);
    if (host.ejected || !(isFaulty || isCutOff)) return;
    if (isFaulty) errors.any = 0;
    if (isCutOff) errors.gateway = 0;
    const ejected = this.hosts.filter((one) => one.ejected).length + 1;
    if ((100 * ejected) / this.hosts.length > (rule.max_ejection_percent ?? 10)) return;
    host.ejected = true;
    host.ejections += 1;
    this.#sort();
    const baseMs = parseDurationMs(rule.base_ejection_time ?? '30s') ?? 30_000;
    const intervalMs = parseDurationMs(rule.interval ?? '10s') ?? 10_000;
    const forMs = Math.min(baseMs * host.ejections, Math.max(baseMs, MAX_EJECTION_MS));
    // It comes back when the next look at the endpoints finds its time over.
    setTimeout(
      () => {
        host.ejected = false;
        this.#sort();
      },
      Math.ceil(forMs / intervalMs) * intervalMs,
    ).unref();
  }

  #sort(): void {
    this.#healthy = this.hosts.filter((host) => host.healthy && !host.ejected);
  }

  /** The cluster left the configuration. */
  remove(): void {
    for (const host of this.hosts) host.remove();
  }

  kill(): void {
    for (const host of this.hosts) host.kill();
  }
}

function load(host: Host | undefined): number {
  return host === undefined ? 0 : host.stats.rqActive + host.stats.rqPendingActive;
}
