import net from 'node:net';
import { guardSocket } from '../../../shared/listener/index.ts';
import { responseBody, type Body } from './http1/body.ts';
import { hasToken, parseResponseHead, ProtocolError, type ResponseHead } from './http1/head.ts';
import type { SocketAddress } from '../../network-types.ts';

/** Envoy's words for why an upstream request broke off. */
export type ResetReason =
  'remote connection failure' | 'connection timeout' | 'connection termination' | 'protocol error';

/** Who waits for the answer on a connection. */
export interface UpstreamHandler {
  /** False while the caller is still sending: an answer that comes earlier ends the connection. */
  readonly requestComplete: boolean;
  onHead(head: ResponseHead, body: Body): void;
  onBody(chunk: Buffer): void;
  /** The answer is complete. The connection has already been given back or closed. */
  onComplete(): void;
  onReset(reason: ResetReason): void;
  /** Everything written so far has left. */
  onWritable(): void;
  /** All that arrived together has been handed over. */
  onBatchEnd(): void;
  /**
   * Whoever has asked to leave HTTP: from here on the connection is theirs, with the bytes that came already.
   */
  onUpgrade?(head: ResponseHead, socket: net.Socket, first: Buffer): void;
}

/** The endpoint whose connection it is. */
export interface ConnectionOwner {
  readonly address: string;
  readonly port: number;
  readonly socket: SocketAddress;
  connected(connection: UpstreamConnection): void;
  connectFailed(connection: UpstreamConnection, reason: ResetReason): void;
  /** The request is over and the connection can carry another. */
  giveBack(connection: UpstreamConnection): void;
  gone(connection: UpstreamConnection): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 60 * 1024;

/** One HTTP/1.1 connection to an endpoint. Carries one request at a time. */
export class UpstreamConnection {
  readonly host: ConnectionOwner;
  readonly #socket: net.Socket;
  /** How many it has carried. */
  requests = 0;
  #connectTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #connected = false;
  #closed = false;
  #handler: UpstreamHandler | undefined;
  #method = '';
  #head: ResponseHead | undefined;
  #body: Body | undefined;
  #rest: Buffer | undefined;

  constructor(host: ConnectionOwner, connectTimeoutMs: number) {
    this.host = host;
    this.#socket = net.connect({ ...host.socket, noDelay: true });
    guardSocket(this.#socket, `a connection to ${host.address}:${host.port}`);
    this.#connectTimer = setTimeout(() => this.#fail('connection timeout'), connectTimeoutMs);
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('data', (data) => this.#onData(data));
    this.#socket.on('drain', () => this.#handler?.onWritable());
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', () => this.#fail('connection termination'));
    this.#socket.on('close', () => this.#fail('connection termination'));
  }

  get localAddress(): string {
    return `${this.#socket.localAddress ?? ''}:${this.#socket.localPort ?? 0}`;
  }

  /** Takes the connection for one request. */
  attach(handler: UpstreamHandler, method: string): void {
    this.#handler = handler;
    this.#method = method;
    this.requests += 1;
  }

  /** Writes head and the body so far in one go. Returns false when the other side does not keep up. */
  send(head: string, chunks: Buffer[]): boolean {
    this.#socket.cork();
    let writable = this.#socket.write(head, 'latin1');
    for (const chunk of chunks) writable = this.#socket.write(chunk);
    this.#socket.uncork();
    return writable;
  }

  write(chunk: Buffer): boolean {
    return this.#socket.write(chunk);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Nothing was sent on it: it can carry another request. */
  release(): void {
    this.#handler = undefined;
    this.requests -= 1;
    if (!this.#closed) this.host.giveBack(this);
  }

  /**
   * Nobody uses it: it ends when that has lasted so long. Undefined:
   * it is in use again, or there is no limit.
   */
  closeWhenIdleFor(ms: number | undefined): void {
    clearTimeout(this.#idleTimer);
    if (ms !== undefined) this.#idleTimer = setTimeout(() => this.destroy(), ms).unref();
  }

  /** Closes the connection at once; waiting requests get no answer from it. */
  destroy(): void {
    this.#handler = undefined;
    this.#close();
  }

  #onConnect(): void {
    this.#connected = true;
    clearTimeout(this.#connectTimer);
    this.host.connected(this);
  }

  #onData(data: Buffer): void {
    const handler = this.#handler;
    // An answer without a request: the connection is out of step.
    if (handler === undefined) {
      this.#close();
      return;
    }
    try {
      this.#read(this.#rest === undefined ? data : Buffer.concat([this.#rest, data]), handler);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail('protocol error');
    }
    handler.onBatchEnd();
  }

  #read(data: Buffer, handler: UpstreamHandler): void {
    this.#rest = undefined;
    let at = 0;
    while (this.#body === undefined) {
      const end = data.indexOf(HEAD_END, at);
      if (end === -1) {
        if (data.length - at > MAX_HEAD_BYTES) throw new ProtocolError('response head too large');
        this.#rest = data.subarray(at);
        return;
      }
      const head = parseResponseHead(data.toString('latin1', at, end));
      at = end + HEAD_END.length;
      if (head.status === 101 && handler.onUpgrade !== undefined) {
        this.#handler = undefined;
        for (const event of ['data', 'drain', 'end']) this.#socket.removeAllListeners(event);
        handler.onUpgrade(head, this.#socket, data.subarray(at));
        return;
      }
      // Interim answers (100, 103) are for the connection, not for the caller.
      if (head.status < 200) continue;
      this.#head = head;
      this.#body = responseBody(head, this.#method);
      handler.onHead(head, this.#body);
      // The handler may have turned away (a retry on this status).
      if (this.#handler !== handler) return;
    }
    const taken = this.#body.take(data, at);
    if (taken > 0) handler.onBody(taken === data.length ? data : data.subarray(at, at + taken));
    if (this.#body.done) this.#complete(at + taken < data.length);
  }

  #complete(extraBytes: boolean): void {
    const handler = this.#handler;
    const head = this.#head;
    const reusable =
      !extraBytes &&
      handler?.requestComplete === true &&
      head !== undefined &&
      head.minorVersion === 1 &&
      !hasToken(head.headers, 'connection', 'close') &&
      !this.#closed;
    this.#handler = undefined;
    this.#head = undefined;
    this.#body = undefined;
    if (reusable) {
      this.#socket.resume();
      this.host.giveBack(this);
    } else this.#close();
    handler?.onComplete();
  }

  #onEnd(): void {
    if (this.#body?.endsWithConnection === true) this.#complete(false);
    // Within an answer's body an end is a breach of what its head promised.
    else this.#fail(this.#body === undefined ? 'connection termination' : 'protocol error');
  }

  #fail(reason: ResetReason): void {
    if (this.#closed) return;
    const handler = this.#handler;
    this.#handler = undefined;
    if (this.#connected) this.#close();
    else {
      this.#closed = true;
      clearTimeout(this.#connectTimer);
      this.#socket.destroy();
      const why = reason === 'connection termination' ? 'remote connection failure' : reason;
      this.host.connectFailed(this, why);
    }
    handler?.onReset(reason);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#idleTimer);
    this.host.gone(this);
    this.#socket.destroy();
  }
}
