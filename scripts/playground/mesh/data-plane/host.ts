import type { SocketAddress } from '../../network-types.ts';
import { UpstreamConnection } from './upstream-connection.ts';

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

/** One endpoint of a cluster: its connections, kept alive between requests, and its counters. */
export class Host {
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
  consecutiveErrors = 0;
  socket: SocketAddress;
  readonly #connectTimeoutMs: number;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  #removed = false;

  constructor(address: string, port: number, socket: SocketAddress, connectTimeoutMs: number) {
    this.address = address;
    this.port = port;
    this.socket = socket;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** A connection for one request: the one used last, else a new one that is still connecting. */
  take(): UpstreamConnection {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const connection = new UpstreamConnection(this, this.#connectTimeoutMs);
    this.#all.add(connection);
    this.stats.cxTotal += 1;
    this.stats.cxActive += 1;
    return connection;
  }

  /** The request is over and the connection can carry another. */
  giveBack(connection: UpstreamConnection): void {
    if (this.#removed) connection.destroy();
    else this.#idle.push(connection);
  }

  gone(connection: UpstreamConnection): void {
    if (!this.#all.delete(connection)) return;
    this.stats.cxActive -= 1;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** The endpoint left the configuration: idle connections close, requests in flight finish. */
  remove(): void {
    this.#removed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** The proxy is gone: so are all its connections. */
  kill(): void {
    this.#removed = true;
    for (const connection of [...this.#all]) connection.destroy();
  }
}
