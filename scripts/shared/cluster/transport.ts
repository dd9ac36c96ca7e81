/** Requests over @kubernetes/client-node, with what it leaves out: connection reuse, a time-out on every call, retries of what may be repeated. */
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from '@kubernetes/client-node';
import type { KubeConfig, ResponseContext } from '@kubernetes/client-node';
import { askAgain } from './ask-again.ts';
import { ClusterError, errorFromAnswer, errorWithoutAnswer, isTransient } from './errors.ts';
import { TooLongError, readText } from '../read-text.ts';

export interface Call {
  method: keyof typeof HttpMethod;
  path: string;
  query?: Record<string, string | undefined>;
  contentType?: string;
  body?: unknown;
  /** What is asked, in words for an error: `get deployments coffee-shop-v2`. */
  asked: string;
  signal?: AbortSignal | undefined;
  /** It changes nothing, so it may be asked again like a GET. */
  isRead?: boolean;
}

export interface Transport {
  readonly server: string;
  /** One attempt, any status; for streams. No time-out of its own. */
  send(call: Call): Promise<ResponseContext>;
  /** The parsed answer, or a `ClusterError`. Asks again for `patienceMs` where that is safe and can help. */
  ask(call: Call, patienceMs?: number): Promise<unknown>;
  close(): Promise<void>;
}

export function createTransport(
  config: KubeConfig,
  { timeoutMs, retryForMs }: { timeoutMs: number; retryForMs: number },
): Transport {
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
  const http = new IsomorphicFetchHttpLibrary();
  // client-node makes a fresh undici Agent, and so a fresh connection, for each call: keep the first one for all of them.
  let dispatcher: ReturnType<RequestContext['getDispatcher']>;

  async function send({
    method,
    path,
    query = {},
    contentType,
    body,
    signal,
  }: Call): Promise<ResponseContext> {
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(key, value);
    const request = new RequestContext(url.toString(), HttpMethod[method]);
    request.setHeaderParam('Accept', 'application/json');
    if (body !== undefined) {
      request.setHeaderParam('Content-Type', contentType ?? 'application/json');
      request.setBody(JSON.stringify(body));
    }
    await config.applySecurityAuthentication(request);
    dispatcher ??= request.getDispatcher();
    if (dispatcher) request.setDispatcher(dispatcher);
    if (signal) request.setSignal(signal);
    return http.send(request).toPromise();
  }

  async function once(call: Call): Promise<unknown> {
    const limit = AbortSignal.timeout(timeoutMs);
    let status: number;
    let text: string;
    let retryAfter: string | undefined;
    try {
      const answer = await send({
        ...call,
        signal: call.signal ? AbortSignal.any([limit, call.signal]) : limit,
      });
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

  /** Reads are asked again; a write only when the server said that it did not look at it (429), or never got it. */
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
    send,
    ask,
    async close() {
      await (dispatcher as { destroy?: () => Promise<void> } | undefined)?.destroy?.();
    },
  };
}
