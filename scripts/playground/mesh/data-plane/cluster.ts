import type { SocketAddress } from '../../network-types.ts';
import { parseDurationMs } from '../istiod/durations.ts';
import type { ClusterJson, ClusterLoadAssignmentJson } from '../xds-types.ts';
import { Host } from './host.ts';

/** A group of endpoints that a route may name. It is *warming* until its endpoints have arrived. */
export class Cluster {
  readonly name: string;
  config: ClusterJson;
  assignment: ClusterLoadAssignmentJson | undefined;
  lastUpdated = new Date();
  hosts: Host[] = [];
  #healthy: Host[] = [];
  #next = 0;

  constructor(config: ClusterJson) {
    this.name = config.name;
    this.config = config;
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
        const host = before.get(key) ?? new Host(address, port, socketOf(address, port), connectTimeoutMs);
        before.delete(key);
        host.healthy = endpoint.health_status === undefined;
        return host;
      }),
    );
    this.#healthy = this.hosts.filter((host) => host.healthy);
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
