import type net from 'node:net';
import { requestBody, type Body } from './http1/body.ts';
import {
  hasToken,
  header,
  parseRequestHead,
  ProtocolError,
  writeHead,
  type RequestHead,
} from './http1/head.ts';
import type { Caller } from './caller.ts';
import type { FilterChain } from './filter-chain.ts';
import { reply } from './local-reply.ts';
import { normalizeTarget, verifyAcceptable } from './outbound-request.ts';
import { Stream } from './stream.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 60 * 1024;
const MAX_PIPELINED_BYTES = 256 * 1024;
/** Envoy's delayed_close_timeout: after its last answer it waits this long for the caller to close. */
const DELAYED_CLOSE_MS = 1000;

/** A caller's connection. Requests are taken one after the other. */
export class DownstreamConnection implements Caller {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: string;
  readonly #socket: net.Socket;
  readonly #chain: FilterChain;
  #pending: Buffer | undefined;
  #stream: Stream | undefined;
  #body: Body | undefined;
  #closeAfterAnswer = false;
  #closing = false;
  #continueExpected = false;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(socket: net.Socket, chain: FilterChain) {
    this.#socket = socket;
    this.#chain = chain;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.local = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    socket.setNoDelay(true);
    socket.on('data', (data) => this.#onData(data));
    socket.on('drain', () => this.#stream?.onDownstreamWritable());
    // Envoy takes the end of a caller's half as the end of the caller.
    socket.on('end', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    if (!this.#closing) this.#socket.resume();
  }

  sendContinue(): void {
    if (!this.#continueExpected) return;
    this.#continueExpected = false;
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  writeHead(head: string): void {
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
  }

  write(chunk: Buffer): boolean {
    return this.#socket.write(chunk);
  }

  flush(): void {
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
  }

  tunnel(upstream: net.Socket, first: Buffer): void {
    const socket = this.#socket;
    socket.write(first);
    this.flush();
    socket.removeAllListeners('data');
    socket.removeAllListeners('drain');
    if (this.#pending !== undefined) upstream.write(this.#pending);
    this.#pending = undefined;
    upstream.pipe(socket);
    socket.pipe(upstream);
    upstream.once('close', () => socket.destroySoon());
    socket.once('close', () => upstream.destroy());
  }

  closeAfterAnswer(): void {
    this.#closeAfterAnswer = true;
  }

  get closesAfterAnswer(): boolean {
    return this.#closeAfterAnswer;
  }

  finish(): void {
    this.#stream = undefined;
    const requestComplete = this.#body?.done !== false;
    this.#body = undefined;
    this.flush();
    if (this.#closeAfterAnswer || !requestComplete) this.#closeSoon();
    else {
      this.#socket.resume();
      this.#readPending();
    }
  }

  abort(): void {
    this.#stream = undefined;
    this.flush();
    this.#closeSoon();
  }

  end(): void {
    this.#stream = undefined;
    this.#closing = true;
    this.#socket.end();
  }

  #closeSoon(): void {
    if (this.#closing) return;
    this.#closing = true;
    // Whatever still comes is read and dropped, so that the answer is not lost to a reset.
    this.#socket.resume();
    this.#closeTimer = setTimeout(() => {
      this.#socket.end();
      this.#socket.destroySoon();
    }, DELAYED_CLOSE_MS);
  }

  #onData(data: Buffer): void {
    if (this.#closing) return;
    if (this.#pending !== undefined || (this.#stream !== undefined && this.#body?.done === true)) {
      this.#pending = this.#pending === undefined ? data : Buffer.concat([this.#pending, data]);
      if (this.#pending.length > MAX_PIPELINED_BYTES) this.#socket.pause();
      if (this.#stream === undefined) this.#readPending();
      return;
    }
    this.#read(data);
  }

  #readPending(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#closing) return;
    this.#pending = undefined;
    this.#read(pending);
  }

  #read(data: Buffer): void {
    try {
      const taken = this.#stream === undefined ? this.#readHead(data) : this.#readBody(data, 0);
      if (taken < data.length) {
        const rest = data.subarray(taken);
        this.#pending = this.#pending === undefined ? rest : Buffer.concat([rest, this.#pending]);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    }
    // An answer given at once leaves the next pipelined request waiting.
    if (this.#stream === undefined && this.#pending !== undefined && this.#pending.includes(HEAD_END))
      this.#readPending();
  }

  /** Returns how many bytes it used; none when the head is not complete. */
  #readHead(data: Buffer): number {
    const end = data.indexOf(HEAD_END);
    if (end === -1) {
      if (data.length > MAX_HEAD_BYTES) throw new ProtocolError('request head too large', 431);
      // No method begins so: there is nothing to wait for.
      if (!/^[\r\n]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]|$)/.test(data.toString('latin1', 0, 100)))
        throw new ProtocolError('malformed request line');
      return 0;
    }
    const head = parseRequestHead(data.toString('latin1', 0, end));
    verifyHead(head);
    verifyAcceptable(head);
    normalizeTarget(head);
    this.#body = requestBody(head);
    this.#closeAfterAnswer = hasToken(head.headers, 'connection', 'close') || this.#chain.draining;
    this.#continueExpected = hasToken(head.headers, 'expect', '100-continue');
    const stream = new Stream(this, this.#chain, head, this.#body);
    this.#stream = stream;
    const used = end + HEAD_END.length;
    stream.start();
    // Answered before its body was read: the rest of the request is not wanted.
    if (!this.#isServing(stream)) return used;
    return used + this.#readBody(data, used);
  }

  #isServing(stream: Stream): boolean {
    return this.#stream === stream;
  }

  #readBody(data: Buffer, offset: number): number {
    const body = this.#body;
    const stream = this.#stream;
    if (body === undefined || stream === undefined) return 0;
    let taken = 0;
    if (!body.done) {
      taken = body.take(data, offset);
      if (taken > 0) stream.onRequestBody(data.subarray(offset, offset + taken));
      if (isDone(body)) stream.onRequestComplete();
    }
    stream.onBatchEnd();
    return taken;
  }

  #refuse(error: ProtocolError): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.onDownstreamGone();
    const answer = reply(error.status, error.body, this.#chain.serverName, true);
    this.#socket.write(writeHead(answer.startLine, answer.headers) + answer.body, 'latin1');
    this.#closeSoon();
  }

  #onClose(): void {
    clearTimeout(this.#closeTimer);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.onDownstreamGone();
  }
}

/** Asked anew: reading has moved it. */
function isDone(body: Body): boolean {
  return body.done;
}

function verifyHead(head: RequestHead): void {
  // Envoy does not take HTTP/1.0 unless told to.
  if (head.minorVersion === 0) throw new ProtocolError('HTTP/1.0 is not accepted', 426);
  if (header(head.headers, 'host') === undefined) throw new ProtocolError('no Host header', 400, '');
}
