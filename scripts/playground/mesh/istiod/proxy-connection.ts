import { randomUUID } from 'node:crypto';
import type { SocketAddress } from '../../network-types.ts';
import type { Acknowledgement, DataPlane } from '../data-plane/data-plane.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  type ClusterLoadAssignmentJson,
  type Resource,
  type TypeUrl,
} from '../xds-types.ts';
import type { ProxyNode, Snapshot } from './snapshot.ts';

/** What `/debug/syncz` knows of one type of resource at one proxy. */
export interface TypeStatus {
  sent: string;
  acked: string;
  sentTime: string;
  lastError?: string;
}

export interface ProxyIdentity extends ProxyNode {
  id: string;
  pod: string;
  ip: string;
}

/** One push: the configuration at one moment, under istiod's name for that moment. */
export interface Push {
  /** `2026-11-23T11:24:52Z/253` */
  version: string;
  sequence: number;
  /** Configuration changed, so clusters, listeners and routes are sent even where they are the same. */
  full: boolean;
  snapshot: Snapshot;
}

export interface ConnectionOptions {
  dataPlane: DataPlane;
  /** Where a pod's port is on this machine. */
  socketOf: (ip: string, port: number) => SocketAddress | undefined;
  /** From a new cluster's arrival until its endpoints arrive, in milliseconds. */
  warmingMs: () => number;
}

/**
 * istiod's stream to one proxy: remembers what the proxy was sent, sends what differs, and keeps the books.
 * A frozen stream takes pushes but delivers nothing; thawed, it delivers the latest at once.
 */
export class ProxyConnection {
  readonly proxy: ProxyIdentity;
  readonly connectedAt = new Date();
  readonly number: number;
  readonly status = new Map<TypeUrl, TypeStatus>();
  readonly #options: ConnectionOptions;
  readonly #delivered: Record<TypeUrl, Map<string, Resource>> = {
    [CLUSTER_TYPE]: new Map(),
    [ENDPOINT_TYPE]: new Map(),
    [LISTENER_TYPE]: new Map(),
    [ROUTE_TYPE]: new Map(),
  };
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #whenSynced: (() => void)[] = [];
  #awaited = new Set<string>();
  #latest: Push | undefined;
  #frozen = false;
  #closed = false;

  constructor(proxy: ProxyIdentity, number: number, options: ConnectionOptions) {
    this.proxy = proxy;
    this.number = number;
    this.#options = options;
  }

  get name(): string {
    return `${this.proxy.pod}.${this.proxy.namespace}`;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Sends a push after its delay. */
  schedule(push: Push, delayMs: number): void {
    this.#later(delayMs, () => this.deliver(push));
  }

  deliver(push: Push): void {
    // A push that was overtaken by a later one has nothing left to say.
    if (this.#closed || (this.#latest !== undefined && push.sequence < this.#latest.sequence)) return;
    this.#latest = push;
    const added = this.#sendType(push, CLUSTER_TYPE);
    this.#sendType(push, ENDPOINT_TYPE);
    this.#sendType(push, LISTENER_TYPE);
    this.#sendType(push, ROUTE_TYPE);
    if (added.length > 0 && !this.#frozen) this.#sendEndpointsLater(added);
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    if (this.#latest === undefined) return;
    this.deliver(this.#latest);
    // Endpoints it had asked for before the freeze.
    if (this.#awaited.size > 0) this.#sendEndpointsLater([...this.#awaited]);
  }

  acknowledge({ typeUrl, nonce, error, warming }: Acknowledgement): void {
    const status = this.status.get(typeUrl);
    if (status === undefined) return;
    if (error === undefined) {
      status.acked = nonce;
      if (status.sent === nonce) delete status.lastError;
    } else status.lastError = error;
    if (warming > 0 || this.#awaited.size > 0) return;
    const settled = [...this.status.values()].every((one) => one.acked !== '' || one.lastError !== undefined);
    if (settled && this.status.size === 4) for (const resolve of this.#whenSynced.splice(0)) resolve();
  }

  /** Resolves when everything of the first push has arrived and no cluster is warming. */
  async synced(): Promise<void> {
    await new Promise<void>((resolve) => this.#whenSynced.push(resolve));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const resolve of this.#whenSynced.splice(0)) resolve();
  }

  /** Sends what differs in one type; returns the names of clusters whose endpoints the proxy will ask for. */
  #sendType(push: Push, typeUrl: TypeUrl): string[] {
    const delivered = this.#delivered[typeUrl];
    const wanted = push.snapshot[typeUrl];
    const added: string[] = [];
    const changed: Resource[] = [];
    for (const [name, resource] of wanted) {
      if (delivered.get(name) === resource) continue;
      if (typeUrl === ENDPOINT_TYPE && (this.#awaited.has(name) || !delivered.has(name))) continue;
      changed.push(resource);
      if (typeUrl === CLUSTER_TYPE && !delivered.has(name) && push.snapshot[ENDPOINT_TYPE].has(name))
        added.push(name);
    }
    const removed = [...delivered.keys()].filter((name) => !wanted.has(name));
    const always = push.full && typeUrl !== ENDPOINT_TYPE;
    if (changed.length + removed.length === 0 && !always && this.status.has(typeUrl)) return added;
    if (typeUrl === ENDPOINT_TYPE && changed.length === 0) {
      // A proxy unsubscribes from endpoints of clusters that it no longer has: nothing is sent for that.
      if (!this.#frozen) for (const name of removed) delivered.delete(name);
      return added;
    }
    this.#transmit(push, typeUrl, changed, removed);
    if (typeUrl === CLUSTER_TYPE && !this.#frozen) {
      for (const name of added) this.#awaited.add(name);
      for (const name of removed) {
        this.#awaited.delete(name);
        this.#delivered[ENDPOINT_TYPE].delete(name);
      }
    }
    return added;
  }

  /** The proxy subscribes to the endpoints of a cluster it has just learned of; istiod answers. */
  #sendEndpointsLater(names: string[]): void {
    this.#later(this.#options.warmingMs(), () => {
      const push = this.#latest;
      if (push === undefined || this.#frozen) return;
      const wanted = names.filter((name) => this.#awaited.has(name));
      const resources = wanted.flatMap((name) => push.snapshot[ENDPOINT_TYPE].get(name) ?? []);
      for (const name of wanted) this.#awaited.delete(name);
      if (resources.length > 0) this.#transmit(push, ENDPOINT_TYPE, resources, []);
    });
  }

  #transmit(push: Push, typeUrl: TypeUrl, changed: Resource[], removed: string[]): void {
    const nonce = `${push.version}${randomUUID()}`;
    const before = this.status.get(typeUrl);
    this.status.set(typeUrl, {
      sent: nonce,
      acked: before?.acked ?? '',
      sentTime: new Date().toISOString(),
      ...(before?.lastError === undefined ? {} : { lastError: before.lastError }),
    });
    // A frozen stream is not read: this counts as sent and is never acknowledged.
    if (this.#frozen) return;
    const delivered = this.#delivered[typeUrl];
    const named = push.snapshot[typeUrl];
    const changes = new Set(changed);
    for (const [name, resource] of named) if (changes.has(resource)) delivered.set(name, resource);
    for (const name of removed) delivered.delete(name);
    const sockets = typeUrl === ENDPOINT_TYPE ? this.#sockets(changed as ClusterLoadAssignmentJson[]) : [];
    this.#options.dataPlane.push({
      proxyId: this.proxy.id,
      typeUrl,
      nonce,
      version: push.version,
      changed,
      removed,
      sockets,
    });
  }

  #sockets(assignments: ClusterLoadAssignmentJson[]): [string, SocketAddress][] {
    const found = new Map<string, SocketAddress>();
    for (const locality of assignments.flatMap((one) => one.endpoints ?? [])) {
      for (const { endpoint } of locality.lb_endpoints) {
        const { address, port_value: port } = endpoint.address.socket_address;
        const socket = this.#options.socketOf(address, port);
        if (socket !== undefined) found.set(`${address}:${port}`, socket);
      }
    }
    return [...found];
  }

  #later(delayMs: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, delayMs);
    this.#timers.add(timer);
  }
}
