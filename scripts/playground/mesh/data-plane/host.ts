import type { SocketAddress } from '../../network-types.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { UpstreamConnection, type ConnectionOwner, type ResetReason } from './upstream-connection.ts';

/** What `/clusters` shows per host. */
export interface HostStats {
  cxConnectFail: number;
  cxTotal: number;
  rqError: number;
  rqSuccess: number;
  rqTimeout: number;
  rqTotal: number;
  cxActive: number;
  rqActive: number;
  rqPendingActive: number;
}

/** What a cluster says of its endpoints' connections, at the time. */
export interface PoolSettings {
  readonly breaker: CircuitBreaker;
  /** Closed when nothing was sent for so long; undefined: never. */
  readonly idleTimeoutMs: number | undefined;
  /** Closed after as many; undefined: never. */
  readonly maxRequestsPerConnection: number | undefined;
}

const unlimited = (): PoolSettings => ({
  breaker: new CircuitBreaker(() => undefined),
  idleTimeoutMs: undefined,
  maxRequestsPerConnection: undefined,
});

/** A request that wants a connection. */
export interface Waiter {
  /** It is the request's until it is given back or destroyed. May come before `request` has returned. */
  onConnection(connection: UpstreamConnection): void;
  /** None could be made. */
  onPoolFailure(reason: ResetReason): void;
}

/**
 * One endpoint of a cluster: its connections, kept alive between
 * requests, who waits for one, and its counters.
 */
export class Host implements ConnectionOwner {
  readonly address: string;
  readonly port: number;
  readonly stats: HostStats = {
    cxConnectFail: 0,
    cxTotal: 0,
    rqError: 0,
    rqSuccess: 0,
    rqTimeout: 0,
    rqTotal: 0,
    cxActive: 0,
    rqActive: 0,
    rqPendingActive: 0,
  };
  healthy = true;
  /** Put aside by outlier detection. */
  ejected = false;
  ejections = 0;
  /** In a row. */
  readonly errors = { any: 0, gateway: 0 };
  socket: SocketAddress;
  readonly #connectTimeoutMs: number;
  readonly #pool: PoolSettings;
  readonly #breaker: CircuitBreaker;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  readonly #waiting: Waiter[] = [];
  #connecting = 0;
  #removed = false;

  constructor(
    address: string,
    port: number,
    socket: SocketAddress,
    connectTimeoutMs: number,
    pool: PoolSettings = unlimited(),
  ) {
    this.address = address;
    this.port = port;
    this.socket = socket;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#pool = pool;
    this.#breaker = pool.breaker;
  }

  /**
   * Hands over the idle connection used last; without one the request waits, in turn, for a new one or one
   * that is given back. Returns false when too many wait already.
   */
  request(waiter: Waiter): boolean {
    const idle = this.#takeIdle();
    if (idle !== undefined) {
      waiter.onConnection(idle);
      return true;
    }
    if (!this.#breaker.admits('pending')) return false;
    this.#waiting.push(waiter);
    this.#breaker.inUse.pending += 1;
    this.#connectMore();
    return true;
  }

  /** The request does not wait any longer; a connection that is being made for it is there for others. */
  cancel(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    this.#breaker.inUse.pending -= 1;
  }

  /** The request is over and the connection can carry another. */
  giveBack(connection: UpstreamConnection): void {
    const isUsedUp = connection.requests >= (this.#pool.maxRequestsPerConnection ?? Infinity);
    if (isUsedUp || (this.#removed && this.#waiting.length === 0)) {
      connection.destroy();
      return;
    }
    this.#keep(connection);
    // After the request that is ending here has been accounted for.
    if (this.#waiting.length > 0) queueMicrotask(() => this.#serve());
  }

  connected(connection: UpstreamConnection): void {
    this.#connecting -= 1;
    this.#keep(connection);
    this.#serve();
    if (this.#removed) this.remove();
  }

  /** As in Envoy, everybody who waits at this endpoint fails with the connection that could not be made. */
  connectFailed(connection: UpstreamConnection, reason: ResetReason): void {
    this.#connecting -= 1;
    this.stats.cxConnectFail += 1;
    const failed = this.#waiting.splice(0);
    this.#breaker.inUse.pending -= failed.length;
    this.gone(connection);
    for (const waiter of failed) waiter.onPoolFailure(reason);
  }

  gone(connection: UpstreamConnection): void {
    if (!this.#all.delete(connection)) return;
    this.stats.cxActive -= 1;
    this.#breaker.inUse.connections -= 1;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#connectMore();
  }

  /** The endpoint left the configuration: idle connections close, requests in flight finish. */
  remove(): void {
    this.#removed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** The proxy is gone: so are all its connections. */
  kill(): void {
    this.#removed = true;
    this.#breaker.inUse.pending -= this.#waiting.splice(0).length;
    for (const connection of [...this.#all]) connection.destroy();
  }

  #keep(connection: UpstreamConnection): void {
    this.#idle.push(connection);
    connection.closeWhenIdleFor(this.#pool.idleTimeoutMs);
  }

  #takeIdle(): UpstreamConnection | undefined {
    const connection = this.#idle.pop();
    connection?.closeWhenIdleFor(undefined);
    return connection;
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) {
      const connection = this.#takeIdle();
      const waiter = this.#waiting.shift();
      this.#breaker.inUse.pending -= 1;
      if (connection !== undefined) waiter?.onConnection(connection);
    }
    this.#connectMore();
  }

  #connectMore(): void {
    while (this.#connecting < this.#waiting.length && this.#mayConnect()) {
      this.#connecting += 1;
      const connection = new UpstreamConnection(this, this.#connectTimeoutMs);
      this.#all.add(connection);
      this.#breaker.inUse.connections += 1;
      this.stats.cxTotal += 1;
      this.stats.cxActive += 1;
    }
  }

  /**
   * Whether a new connection is allowed. An endpoint without any gets one above the limit too: else requests
   * would wait for ever.
   */
  #mayConnect(): boolean {
    return this.#breaker.admits('connections') || this.#all.size === 0;
  }
}
