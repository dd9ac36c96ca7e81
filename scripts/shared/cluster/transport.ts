/**
 * Requests over the HTTP library of @kubernetes/client-node, with what it leaves out: connection reuse, a
 * timeout on every call, safe retries, renewed credentials.
 */
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from '@kubernetes/client-node';
import type { ResponseContext } from '@kubernetes/client-node';
import { askAgain } from './ask-again.ts';
import { createCredentials } from './credentials/credentials.ts';
import type { Credentials, Identity } from './credentials/identity.ts';
import { ClusterError, errorFromAnswer, errorWithoutAnswer, isTransient } from './errors.ts';
import { SHORT_ANSWER_LIMIT_BYTES, TooLongError, readText } from '../read-text.ts';
import type { Connection } from './kubeconfig/connection.ts';
import { createPool } from './network/pool.ts';
import { routeOf } from './network/route.ts';
import type { Route } from './network/route.ts';

export interface Call {
  method: keyof typeof HttpMethod;
  path: string;
  query?: Record<string, string | undefined>;
  contentType?: string;
  body?: unknown;
  /** The request in words, for an error: `get deployments coffee-shop-v2`. */
  asked: string;
  signal?: AbortSignal | undefined;
  /** Read-only, so it may be retried like a GET. */
  isRead?: boolean;
}

export interface Transport {
  readonly server: string;
  /** For port-forwards, which have connections of their own. */
  readonly route: Route;
  readonly credentials: Credentials;
  /** One attempt, any status; for streams. No timeout. */
  send(call: Call): Promise<ResponseContext>;
  /** The parsed answer, or a `ClusterError`. Retries for `patienceMs` where that is safe and can help. */
  ask(call: Call, patienceMs?: number): Promise<unknown>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Timeout of one request, in milliseconds. A login command before it has its own. */
  timeoutMs: number;
  /** Deadline of a read with its retries, in milliseconds. */
  retryForMs: number;
  /** Environment: names proxies, and is inherited by a login command. Default: this process's. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Timeout of a login command, in milliseconds. Default: see `LoginSurroundings`. */
  loginTimeoutMs?: number | undefined;
}

/** @throws {UsageError} when the connection's proxy, authority or credentials cannot be used */
export function createTransport(
  connection: Connection,
  { timeoutMs, retryForMs, env = { ...process.env }, loginTimeoutMs }: TransportOptions,
): Transport {
  const { server } = connection;
  const http = new IsomorphicFetchHttpLibrary();
  const route = routeOf(connection, env);
  const credentials = createCredentials(connection, { env, loginTimeoutMs });
  const pool = createPool(route, { timeoutMs });

  function requestOf({ method, path, query = {}, contentType, body, signal }: Call): RequestContext {
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(key, value);
    const request = new RequestContext(url.toString(), HttpMethod[method]);
    request.setHeaderParam('Accept', 'application/json');
    if (connection.cluster['disable-compression']) request.setHeaderParam('Accept-Encoding', 'identity');
    if (body !== undefined) {
      request.setHeaderParam('Content-Type', contentType ?? 'application/json');
      request.setBody(JSON.stringify(body));
    }
    if (signal) request.setSignal(signal);
    return request;
  }

  function sendAs(identity: Identity, call: Call, limitMs: number | undefined): Promise<ResponseContext> {
    const limit = limitMs === undefined ? [] : [AbortSignal.timeout(limitMs)];
    const signals = [...limit, ...(call.signal ? [call.signal] : [])];
    const request = requestOf({
      ...call,
      signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    });
    request.setDispatcher(pool.for(identity));
    return http.send(request).toPromise();
  }

  /** After a 401 nothing was done, so that any request may be retried once with new credentials. */
  async function sendWithin(call: Call, limitMs: number | undefined): Promise<ResponseContext> {
    const identity = await credentials.current(call.signal);
    const answer = await sendAs(identity, call, limitMs);
    if (answer.httpStatusCode !== 401) return answer;
    const other = await credentials.renewed(identity, call.signal);
    if (other === undefined) return answer;
    // Drain the body, so that the connection can be reused; drop it when it does not end.
    const limitBytes = SHORT_ANSWER_LIMIT_BYTES;
    await readText(answer.body.stream(), { who: server, limitBytes }).catch(() => undefined);
    return sendAs(other, call, limitMs);
  }

  async function once(call: Call): Promise<unknown> {
    let status: number;
    let text: string;
    let retryAfter: string | undefined;
    try {
      const answer = await sendWithin(call, timeoutMs);
      status = answer.httpStatusCode;
      retryAfter = answer.headers['retry-after'];
      text = await readText(answer.body.stream(), { who: `The API server at ${server} (${call.asked})` });
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof TooLongError) throw error;
      throw errorWithoutAnswer(call.asked, server, error);
    }
    if (status < 200 || status > 299) throw errorFromAnswer(call.asked, { status, body: text, retryAfter });
    try {
      return text === '' ? {} : JSON.parse(text);
    } catch (error) {
      throw errorWithoutAnswer(call.asked, server, error);
    }
  }

  /** Reads are retried; a write only when the server refused it unread (429), or never got it. */
  function ask(call: Call, patienceMs = retryForMs): Promise<unknown> {
    const isRead = call.method === 'GET' || call.isRead === true;
    const isUntouched = (error: unknown) =>
      error instanceof ClusterError && (error.status === 429 || error.reason === 'ECONNREFUSED');
    return askAgain(() => once(call), {
      patienceMs,
      helps: isRead ? isTransient : isUntouched,
      signal: call.signal,
    });
  }

  return {
    server,
    route,
    credentials,
    send: (call) => sendWithin(call, undefined),
    ask,
    close: () => pool.destroy(),
  };
}
