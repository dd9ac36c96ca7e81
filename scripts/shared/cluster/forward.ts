/**
 * HTTP to a port inside a pod, as `kubectl port-forward` reaches it: a WebSocket to the API server carries
 * one TCP stream, and Node's own HTTP client speaks over it with keep-alive. Opening the WebSocket is most of
 * the cost (about 60 ms on a real cluster), so it stays open. In the pod the peer is loopback: Envoy's admin
 * (15000) and istiod's debug port (15014) answer nobody else without credentials.
 */
import { setMaxListeners } from 'node:events';
import http from 'node:http';
import { Duplex } from 'node:stream';
import WebSocket from 'ws';
import type { Identity } from './credentials/identity.ts';
import { ClusterError, errorFromAnswer, errorWithoutAnswer } from './errors.ts';
import { dial } from './network/dial.ts';
import type { Transport } from './transport.ts';
import { CommandError, codeOf, messageOf } from '../errors.ts';
import { printable } from '../printable.ts';
import { ANSWER_LIMIT_BYTES, SHORT_ANSWER_LIMIT_BYTES, createTextReader } from '../read-text.ts';

export interface PodAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface PodRequest {
  method?: string;
  headers?: Record<string, string>;
  /** Default: the connection's request timeout. */
  timeoutMs?: number;
  /** A longer answer is an error, in bytes. Default: 64 MB. */
  limitBytes?: number;
  /** Decodes the answer. The bytes are valid during the call only. Default: all of them, as UTF-8. */
  shorten?: ((answer: Buffer) => string) | undefined;
  signal?: AbortSignal | undefined;
}

export interface PodForward {
  /** One request at a time per forward; further ones are queued. */
  request(path: string, options?: PodRequest): Promise<PodAnswer>;
  close(): void;
}

interface ForwardTarget {
  transport: Pick<Transport, 'server' | 'route' | 'credentials'>;
  namespace: string;
  pod: string;
  port: number;
  timeoutMs: number;
}

export function createPodForward(target: ForwardTarget): PodForward {
  const { namespace, pod, port } = target;
  const where = `${namespace}/${pod}:${port}`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_options, callback) => {
    openStream(target).then(
      (stream) => callback?.(null, stream),
      // Node's types want a stream beside the error; its code looks at the error first.
      (error: unknown) => callback?.(error as Error, undefined as unknown as Duplex),
    );
    return undefined;
  };

  const once = (
    path: string,
    {
      method = 'GET',
      headers = {},
      timeoutMs = target.timeoutMs,
      limitBytes = ANSWER_LIMIT_BYTES,
      shorten,
      signal,
    }: PodRequest,
  ) =>
    new Promise<PodAnswer & { reused: boolean }>((resolve, reject) => {
      const request = http.request({
        ...{ agent, method, path, host: 'localhost' },
        headers: { host: `localhost:${port}`, ...headers },
      });
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        request.destroy(new Error('late'));
      }, timeoutMs);
      const stop = () => request.destroy(signal?.reason as Error);
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      };
      const fail = (error: unknown) => {
        settle();
        if (signal?.aborted) reject(signal.reason as Error);
        else if (error instanceof CommandError) reject(error);
        else if (isLate) reject(noAnswer(where, `no answer in ${timeoutMs} ms`, error, request.reusedSocket));
        else reject(noAnswer(where, messageOf(error), error, request.reusedSocket));
      };
      request.on('error', fail);
      request.on('response', (response) => {
        const reader = createTextReader(`${where} (${method} ${path})`, limitBytes);
        response.on('data', (chunk: Buffer) => {
          try {
            reader.add(chunk);
          } catch (error) {
            response.destroy(error as Error);
          }
        });
        response.on('error', fail);
        response.on('end', () => {
          if (!response.complete) {
            fail(new Error('the answer broke off'));
            return;
          }
          const { statusCode: status = 0, headers: given } = response;
          try {
            resolve({ status, headers: given, body: reader.text(shorten), reused: request.reusedSocket });
            settle();
          } catch (error) {
            fail(error);
          }
        });
      });
      if (signal?.aborted) stop();
      // Many requests listen on a run's one signal, and each removes its listener: no leak.
      if (signal) setMaxListeners(Infinity, signal);
      signal?.addEventListener('abort', stop);
      request.end();
    });

  return {
    async request(path, options = {}) {
      // A login command before it has its own timeout.
      await target.transport.credentials.current(options.signal);
      try {
        return await once(path, options);
      } catch (error) {
        // Retry once on a new stream: a kept one may have died meanwhile.
        const stale = error instanceof ForwardError && error.reused && (options.method ?? 'GET') === 'GET';
        if (!stale) throw error;
        agent.destroy();
        return once(path, options);
      }
    },
    close: () => agent.destroy(),
  };

  function noAnswer(place: string, message: string, cause: unknown, reused: boolean): ForwardError {
    return new ForwardError(`${place} does not answer: ${message}`, {
      status: 0,
      reason: codeOf(cause) ?? 'Unreachable',
      cause,
      reused,
    });
  }

  async function openStream({ transport, timeoutMs }: ForwardTarget): Promise<ForwardedStream> {
    const { credentials } = transport;
    const identity = await credentials.current();
    try {
      return await openStreamAs(identity, transport, timeoutMs);
    } catch (error) {
      const isRefused = error instanceof ClusterError && error.status === 401;
      const other = isRefused ? await credentials.renewed(identity) : undefined;
      if (other === undefined) throw error;
      return openStreamAs(other, transport, timeoutMs);
    }
  }

  async function openStreamAs(
    identity: Identity,
    { server, route }: ForwardTarget['transport'],
    timeoutMs: number,
  ): Promise<ForwardedStream> {
    const asked = `port-forward to ${where}`;
    const noStream = (error: unknown) => errorWithoutAnswer(asked, server, error);
    const url = `${server.replace(/^http/, 'ws')}/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
    const connection = await dial(route, { tls: route.tls(identity), timeoutMs, tunnel: true }).catch(
      (error: unknown) => Promise.reject(noStream(error)),
    );
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, ['v4.channel.k8s.io'], {
        // Several values of one header are several headers for Node, whatever the types of ws say.
        headers: identity.headers as Record<string, string>,
        createConnection: () => connection,
        handshakeTimeout: timeoutMs,
      });
      socket.once('open', () => resolve(new ForwardedStream(socket)));
      socket.once('error', (error) => reject(noStream(error)));
      socket.once('unexpected-response', (request, response) => {
        let body = '';
        const refuse = () => {
          clearTimeout(timer);
          request.destroy();
          const { statusCode: status = 0, headers } = response;
          reject(errorFromAnswer(asked, { status, body, retryAfter: headers['retry-after'] }));
        };
        // Read only the start of a refusal's body: it may not end.
        const timer = setTimeout(refuse, timeoutMs);
        response.on('data', (chunk) => {
          body += String(chunk);
          if (body.length > SHORT_ANSWER_LIMIT_BYTES) refuse();
        });
        response.on('close', refuse);
      });
    });
  }
}

class ForwardError extends ClusterError {
  /** Whether the stream had already carried a request. */
  readonly reused: boolean;

  constructor(
    message: string,
    { reused, ...rest }: { status: number; reason: string; cause?: unknown; reused: boolean },
  ) {
    super(message, rest);
    this.reused = reused;
  }
}

/** Channel 0 carries the bytes, channel 1 the error text; each begins with the port as two bytes. */
class ForwardedStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #portSeen = [false, false];

  constructor(socket: WebSocket) {
    // Close when the other side ends: a half-closed stream would stay
    // in the agent's pool and never be answered.
    super({ allowHalfOpen: false });
    this.#socket = socket;
    // Do not read before the HTTP client listens, so that an early error is not missed.
    socket.pause();
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      this.push(null);
      // Keep reading in the pool, so that the end of the stream is seen.
      this.resume();
    });
  }

  #receive(data: Buffer): void {
    const channel = data[0];
    if (channel !== 0 && channel !== 1) return;
    let bytes = data.subarray(1);
    if (!this.#portSeen[channel]) {
      this.#portSeen[channel] = true;
      bytes = bytes.subarray(2);
    }
    if (bytes.length === 0) return;
    if (channel === 0) {
      if (!this.push(bytes)) this.#socket.pause();
    } else {
      this.destroy(new Error(printable(bytes.toString('utf8').trim(), 1_000)));
    }
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(0), chunk]), callback);
  }

  override _final(callback: () => void): void {
    this.#socket.close();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.terminate();
    callback(error);
  }

  // Methods that Node's HTTP agent calls on a socket; no-ops here.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
