import type { SocketAddress } from '../../network-types.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  type ClusterJson,
  type ClusterLoadAssignmentJson,
  type ListenerJson,
  type RouteConfigJson,
} from '../xds-types.ts';
import { Cluster } from './cluster.ts';
import type { ResourcePush } from './messages.ts';
import { RouteTable } from './route-table.ts';

/** The configuration that one proxy has received, in the form in which it is used. */
export class ProxyConfig {
  readonly clusters = new Map<string, Cluster>();
  readonly listeners = new Map<string, { json: ListenerJson; lastUpdated: Date }>();
  readonly routes = new Map<string, RouteTable>();
  /** Per kind of update (`cds`, `lds`): how many came, when, and the last version. */
  readonly updates = {
    cds: { count: 0, rejected: 0, at: 0, version: '' },
    lds: { count: 0, rejected: 0, at: 0, version: '' },
  };
  readonly counters = {
    clusterAdded: 0,
    clusterModified: 0,
    clusterRemoved: 0,
    clusterUpdated: 0,
    listenerAdded: 0,
    listenerModified: 0,
  };
  readonly socketOf: (address: string, port: number) => SocketAddress;

  constructor(socketOf: (address: string, port: number) => SocketAddress) {
    this.socketOf = socketOf;
  }

  get warming(): number {
    let count = 0;
    for (const cluster of this.clusters.values()) if (cluster.warming) count += 1;
    return count;
  }

  /** A cluster that can take requests: known and no longer warming. */
  activeCluster(name: string): Cluster | undefined {
    const cluster = this.clusters.get(name);
    return cluster?.warming === false ? cluster : undefined;
  }

  /**
   * Takes over a push. A resource that cannot be obeyed leaves
   * everything of its type as it was, and its error is the answer.
   */
  apply(push: ResourcePush): string | undefined {
    switch (push.typeUrl) {
      case CLUSTER_TYPE:
        for (const json of push.changed as ClusterJson[]) this.#setCluster(json);
        for (const name of push.removed) this.#removeCluster(name);
        this.#count('cds', push.version);
        return undefined;
      case ENDPOINT_TYPE:
        for (const assignment of push.changed as ClusterLoadAssignmentJson[]) {
          this.clusters.get(assignment.cluster_name)?.assign(assignment, this.socketOf);
          this.counters.clusterUpdated += 1;
        }
        return undefined;
      case LISTENER_TYPE:
        for (const json of push.changed as ListenerJson[]) {
          this.counters[this.listeners.has(json.name) ? 'listenerModified' : 'listenerAdded'] += 1;
          this.listeners.set(json.name, { json, lastUpdated: new Date() });
        }
        for (const name of push.removed) this.listeners.delete(name);
        this.#count('lds', push.version);
        return undefined;
      default:
        return this.#setRoutes(push);
    }
  }

  #setRoutes(push: ResourcePush): string | undefined {
    try {
      const tables = (push.changed as RouteConfigJson[]).map((json) => new RouteTable(json));
      for (const table of tables) this.routes.set(table.json.name, table);
      for (const name of push.removed) this.routes.delete(name);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #setCluster(json: ClusterJson): void {
    const known = this.clusters.get(json.name);
    if (known === undefined) {
      this.clusters.set(json.name, new Cluster(json));
      this.counters.clusterAdded += 1;
      return;
    }
    known.config = json;
    known.lastUpdated = new Date();
    this.counters.clusterModified += 1;
  }

  #removeCluster(name: string): void {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    cluster.remove();
    this.clusters.delete(name);
    this.counters.clusterRemoved += 1;
  }

  #count(kind: 'cds' | 'lds', version: string): void {
    const update = this.updates[kind];
    update.count += 1;
    update.at = Date.now();
    update.version = version;
  }
}
