import { STATUS_CODES } from 'node:http';
import type net from 'node:net';
import { resetRecord, type AccessRecord } from './access-record.ts';
import type { Cluster } from './cluster.ts';
import type { Caller } from './caller.ts';
import type { FilterChain } from './filter-chain.ts';
import { downstreamHeaders, isWebSocket, upgradeHeaders, upstreamHeaders } from './forwarded-headers.ts';
import { injectFault, isChosen } from './fault.ts';
import type { Host, Waiter } from './host.ts';
import type { Body } from './http1/body.ts';
import { setHeader, writeHead, type Headers, type RequestHead, type ResponseHead } from './http1/head.ts';
import { reply } from './local-reply.ts';
import { mirror } from './mirror.ts';
import { rewrittenTarget } from './path-rewrite.ts';
import { RetryState } from './retry-state.ts';
import type { CompiledRoute } from './route-table.ts';
import type { ResetReason, UpstreamConnection, UpstreamHandler } from './upstream-connection.ts';

/** Envoy's per_connection_buffer_limit_bytes: more than this is not held back for a connection or a retry. */
const BUFFER_LIMIT = 1024 * 1024;

const NOWHERE: CompiledRoute = {
  json: { match: { prefix: '/' } },
  timeoutMs: 0,
  retry: undefined,
  cluster: () => '',
};

/**
 * How far a request has come. `choosing`: no endpoint yet, or no longer, between two attempts. `trying`: an
 * endpoint is being asked for a connection in this very call. `waiting`: it has none free; the request waits
 * in its queue. `sent`: an endpoint has it.
 */
type Phase = 'routing' | 'choosing' | 'trying' | 'waiting' | 'sent' | 'answering' | 'over';

/**
 * One request and its answer: routed, sent to an endpoint, tried again
 * where the policy says so, and passed back as it comes.
 */
export class Stream implements UpstreamHandler, Waiter {
  readonly #downstream: Caller;
  readonly #chain: FilterChain;
  readonly #request: RequestHead;
  readonly #requestBody: Body;
  readonly #hasBody: boolean;
  #answerBody: Body | undefined;
  #requestComplete: boolean;
  #cluster: Cluster | undefined;
  #route: CompiledRoute | undefined;
  #retries = new RetryState(undefined);
  #tried: Host[] = [];
  #head: Headers = [];
  /** Body bytes not yet sent, or kept because they may have to be sent again. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #tooLargeToRepeat = false;
  #host: Host | undefined;
  #upstream: UpstreamConnection | undefined;
  #phase: Phase = 'routing';
  /**
   * `counted`: this attempt is one of the retries that the cluster
   * allows at a time. `refused`: there were too many of them.
   */
  #retry: 'none' | 'counted' | 'refused' = 'none';
  #answerStatus = 0;
  #sentAt = 0;
  readonly #startedAt = Date.now();
  readonly #began = performance.now();
  #path = '';
  #bytesSent = 0;
  #serviceTimeMs: number | undefined;
  #upstreamAddress: string | undefined;
  #routeName: string | undefined;
  #outcome: Pick<AccessRecord, 'flags' | 'details' | 'transportFailure'> = {
    flags: ['DC'],
    details: 'downstream_remote_disconnect',
    transportFailure: undefined,
  };
  #timer: NodeJS.Timeout | undefined;
  #tryTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(downstream: Caller, chain: FilterChain, request: RequestHead, requestBody: Body) {
    this.#downstream = downstream;
    this.#chain = chain;
    this.#request = request;
    this.#requestBody = requestBody;
    this.#hasBody = !requestBody.done;
    this.#requestComplete = requestBody.done;
  }

  start(): void {
    const decision = this.#chain.decide(this.#request);
    this.#path = this.#request.target;
    if (decision.kind === 'reply') {
      this.#routeName = decision.routeName;
      this.#ends(decision.flag, decision.details);
      this.#reply(decision.status, decision.body, decision.headers);
      return;
    }
    if (decision.kind === 'close') {
      this.#cluster = decision.cluster;
      this.#ends(decision.flag, '-');
      this.#finishAccounting();
      this.#downstream.end();
      return;
    }
    this.#routeName = decision.route.json.name;
    this.#route = decision.route;
    this.#cluster = decision.cluster;
    this.#retries = new RetryState(decision.route.retry);
    const fault = decision.route.json.typed_per_filter_config?.['envoy.filters.http.fault'];
    if (fault === undefined) this.#forward();
    else
      injectFault(fault, {
        delay: (ms, then) => {
          this.#retryTimer = setTimeout(then, ms);
        },
        abort: (status) => {
          this.#ends('FI', 'fault_filter_abort');
          this.#reply(status, 'fault filter abort');
        },
        go: () => this.#forward(),
      });
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#phase === 'over') return;
    const isSent = this.#isSent();
    if (!isSent || this.#mayRepeat()) {
      this.#kept.push(chunk);
      this.#keptBytes += chunk.length;
      if (this.#keptBytes > BUFFER_LIMIT && !isSent) this.#downstream.pauseReading();
    }
    if (isSent && this.#upstream?.write(chunk) === false) this.#downstream.pauseReading();
    if (isSent && this.#keptBytes > BUFFER_LIMIT) this.#dropKept();
  }

  onRequestComplete(): void {
    this.#requestComplete = true;
    const route = this.#route;
    if (this.#phase === 'over' || this.#phase === 'routing' || route === undefined) return;
    if (route.timeoutMs > 0) this.#timer = setTimeout(() => this.#onTimeout(), route.timeoutMs);
    this.#mirror(route);
  }

  get requestComplete(): boolean {
    return this.#requestComplete;
  }

  /**
   * All bytes that came together, from either side, were handed over:
   * what was collected can leave in one packet.
   */
  onBatchEnd(): void {
    this.#downstream.flush();
    this.#send();
  }

  onDownstreamWritable(): void {
    this.#upstream?.resumeReading();
  }

  onDownstreamGone(): void {
    if (this.#phase === 'over') return;
    this.#leaveUpstream(true);
    this.#finishAccounting();
  }

  // The upstream's side

  onConnection(connection: UpstreamConnection): void {
    this.#upstream = connection;
    connection.attach(this, this.#request.method);
    // The first attempt waits for the body bytes that came together with the head.
    if (this.#phase !== 'trying' || this.#retries.made > 0 || this.#requestComplete) this.#send();
  }

  onPoolFailure(reason: ResetReason): void {
    this.onReset(reason);
  }

  onWritable(): void {
    this.#downstream.resumeReading();
  }

  onHead(head: ResponseHead, body: Body): void {
    this.#endRetry();
    const wanted = this.#retries.onStatus(head.status) && this.#mayRepeat();
    if (wanted && this.#beginRetry()) {
      this.#count('rqError', head.status);
      this.#leaveUpstream(true);
      this.#retryLater();
      return;
    }
    if (wanted) this.#retry = 'refused';
    this.#phase = 'answering';
    this.#answerStatus = head.status;
    clearTimeout(this.#tryTimer);
    const route = this.#route;
    if (route === undefined) return;
    this.#answerBody = body;
    const serviceTimeMs = Math.round(performance.now() - this.#sentAt);
    this.#serviceTimeMs = serviceTimeMs;
    const headers = downstreamHeaders(
      head.headers,
      this.#chain,
      serviceTimeMs,
      route,
      this.#isAnswerChunked(),
    );
    if (this.#chain.draining) this.#downstream.closeAfterAnswer();
    if (this.#downstream.closesAfterAnswer) setHeader(headers, 'connection', 'close');
    const reason = head.reason === '' ? (STATUS_CODES[head.status] ?? '') : head.reason;
    this.#downstream.writeHead(writeHead(`HTTP/1.1 ${head.status} ${reason}`, headers));
  }

  onUpgrade(head: ResponseHead, socket: net.Socket, first: Buffer): void {
    if (!isWebSocket(this.#request) || this.#route === undefined) {
      socket.destroy();
      this.#leaveUpstream(false);
      this.#reply(
        503,
        'upstream connect error or disconnect/reset before headers. reset reason: protocol error',
      );
      return;
    }
    clearTimeout(this.#timer);
    clearTimeout(this.#tryTimer);
    this.#phase = 'answering';
    this.#answerStatus = head.status;
    const headers = upgradeHeaders(head.headers, this.#chain, this.#route);
    this.#downstream.writeHead(writeHead(`HTTP/1.1 101 Switching Protocols`, headers));
    socket.once('close', () => {
      this.#ends(undefined, 'via_upstream');
      this.#count('rqSuccess');
      this.#leaveUpstream(false);
      this.#finishAccounting();
    });
    this.#downstream.tunnel(socket, first);
  }

  onBody(chunk: Buffer): void {
    if (this.#phase !== 'answering') return;
    const isChunked = this.#isAnswerChunked();
    if (isChunked) this.#downstream.write(Buffer.from(`${chunk.length.toString(16)}\r\n`));
    let writable = this.#downstream.write(chunk);
    if (isChunked) writable = this.#downstream.write(Buffer.from('\r\n'));
    if (!writable) this.#upstream?.pauseReading();
  }

  onComplete(): void {
    if (this.#phase !== 'answering') return;
    if (this.#isAnswerChunked()) this.#downstream.write(Buffer.from('0\r\n\r\n'));
    this.#count(this.#answerStatus >= 500 ? 'rqError' : 'rqSuccess');
    const refused = this.#retry === 'refused' ? 'UO' : undefined;
    this.#ends(this.#retries.gaveUpOn(this.#answerStatus) ? 'URX' : refused, 'via_upstream');
    this.#leaveUpstream(false);
    this.#finishAccounting();
    this.#downstream.finish();
  }

  onReset(reason: ResetReason): void {
    if (this.#phase === 'over') return;
    const isAnswering = this.#phase === 'answering';
    const isSent = this.#isSent();
    this.#endRetry();
    this.#count('rqError');
    this.#leaveUpstream(false);
    this.#outcome = resetRecord(reason, isAnswering);
    if (isAnswering) {
      this.#finishAccounting();
      this.#downstream.abort();
      return;
    }
    if (this.#retries.onReset(reason, isSent) && (!isSent || this.#mayRepeat())) {
      if (this.#beginRetry()) {
        this.#retryLater();
        return;
      }
      this.#outcome.flags.unshift('UO');
    } else if (this.#retries.made > 0 && this.#retries.exhausted) this.#outcome.flags.unshift('URX');
    const which = this.#retries.made > 0 ? 'retried and the latest reset reason' : 'reset reason';
    const status = reason === 'protocol error' ? 502 : 503;
    this.#reply(status, `upstream connect error or disconnect/reset before headers. ${which}: ${reason}`);
  }

  // Inside

  #isStill(phase: Phase): boolean {
    return this.#phase === phase;
  }

  /** It counts as pending at its endpoint. */
  #isPending(): boolean {
    return this.#phase === 'trying' || this.#phase === 'waiting';
  }

  /** An endpoint has it: it counts as active there. */
  #isSent(): boolean {
    return this.#phase === 'sent' || this.#phase === 'answering';
  }

  /** An answer without a length that ends with its connection is passed on in chunks. */
  #isAnswerChunked(): boolean {
    return this.#answerBody?.endsWithConnection === true;
  }

  #forward(): void {
    this.#phase = 'choosing';
    if (this.#route !== undefined) {
      this.#head = upstreamHeaders(this.#request, this.#chain, this.#downstream.remoteAddress, this.#route);
    }
    if (this.#route !== undefined)
      this.#request.target = rewrittenTarget(this.#request.target, this.#route.json);
    if (this.#requestComplete) this.onRequestComplete();
    this.#downstream.sendContinue();
    this.#try();
  }

  #try(): void {
    const host = this.#chooseHost();
    // Envoy answers this before it has looked at the body.
    if (host === undefined) {
      this.#ends('UH', 'no_healthy_upstream');
      this.#reply(503, 'no healthy upstream');
      return;
    }
    this.#host = host;
    this.#tried.push(host);
    host.stats.rqPendingActive += 1;
    this.#phase = 'trying';
    const perTry = this.#route?.retry?.perTryTimeoutMs;
    if (perTry !== undefined) this.#tryTimer = setTimeout(() => this.#onTryTimeout(), perTry);
    if (!host.request(this)) this.#overflow();
    else if (this.#isStill('trying')) this.#phase = 'waiting';
  }

  /** Too many requests: none more is begun, and this one is not tried again. */
  #overflow(): void {
    this.#upstream?.release();
    this.#upstream = undefined;
    this.#leaveUpstream(false);
    this.#ends('UO', 'upstream_reset_before_response_started{overflow}');
    const which = this.#retries.made > 0 ? 'retried and the latest reset reason' : 'reset reason';
    const body = `upstream connect error or disconnect/reset before headers. ${which}: overflow`;
    this.#reply(503, body, undefined, ['x-envoy-overloaded', 'true']);
  }

  #chooseHost(): Host | undefined {
    const retry = this.#route?.retry;
    let host = this.#cluster?.choose();
    if (this.#tried.length === 0 || retry?.avoidPreviousHosts !== true) return host;
    for (let i = 0; i < retry.hostAttempts && host !== undefined && this.#tried.includes(host); i += 1)
      host = this.#cluster?.choose();
    return host;
  }

  #send(): void {
    if (!this.#isPending() || this.#upstream === undefined) return;
    // Envoy counts a request when its connection is there.
    const breaker = this.#cluster?.breaker;
    if (breaker?.admits('requests') === false) {
      this.#overflow();
      return;
    }
    this.#phase = 'sent';
    if (breaker !== undefined) breaker.inUse.requests += 1;
    this.#sentAt = performance.now();
    this.#upstreamAddress = this.#upstream.localAddress;
    const stats = this.#host?.stats;
    if (stats !== undefined) {
      stats.rqPendingActive -= 1;
      stats.rqActive += 1;
      stats.rqTotal += 1;
    }
    // In the called pod the caller's count stands.
    if (this.#chain.direction !== 'inbound')
      setHeader(this.#head, 'x-envoy-attempt-count', String(this.#retries.made + 1));
    const writable = this.#upstream.send(
      writeHead(`${this.#request.method} ${this.#request.target} HTTP/1.1`, this.#head),
      this.#kept,
    );
    if (!this.#mayRepeat() || this.#keptBytes > BUFFER_LIMIT) this.#dropKept();
    if (writable) this.#downstream.resumeReading();
    else this.#downstream.pauseReading();
  }

  #dropKept(): void {
    if (this.#isSent() && this.#keptBytes > 0) this.#tooLargeToRepeat = true;
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #mayRepeat(): boolean {
    const wanted =
      this.#retries.mayRepeatSentRequests || this.#route?.json.route?.request_mirror_policies !== undefined;
    return wanted && !this.#tooLargeToRepeat;
  }

  /** Takes up one of the retries that the cluster allows at the same time. */
  #beginRetry(): boolean {
    const breaker = this.#cluster?.breaker;
    if (breaker === undefined || !breaker.admits('retries')) return false;
    breaker.inUse.retries += 1;
    this.#retry = 'counted';
    return true;
  }

  /** What came of it is known. */
  #endRetry(): void {
    if (this.#retry === 'counted' && this.#cluster !== undefined) this.#cluster.breaker.inUse.retries -= 1;
    this.#retry = 'none';
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => this.#try(), this.#retries.nextDelayMs());
  }

  #onTimeout(): void {
    if (this.#phase === 'over') return;
    const isAnswering = this.#phase === 'answering';
    this.#count('rqTimeout');
    this.#leaveUpstream(true);
    if (isAnswering) {
      this.#finishAccounting();
      this.#downstream.abort();
      return;
    }
    this.#ends('UT', 'response_timeout');
    this.#reply(504, 'upstream request timeout');
  }

  #onTryTimeout(): void {
    if (this.#phase === 'over' || this.#phase === 'answering') return;
    this.#count('rqTimeout');
    const isSent = this.#isSent();
    this.#leaveUpstream(true);
    this.#endRetry();
    const wanted = this.#retries.onReset('connection timeout', isSent) && (!isSent || this.#mayRepeat());
    if (wanted && this.#beginRetry()) {
      this.#retryLater();
      return;
    }
    this.#ends('UT', 'response_timeout');
    this.#reply(504, 'upstream request timeout');
  }

  #mirror(route: CompiledRoute): void {
    if (this.#tooLargeToRepeat) return;
    for (const policy of route.json.route?.request_mirror_policies ?? []) {
      const cluster = this.#chain.cluster(policy.cluster);
      if (cluster !== undefined && isChosen(policy.runtime_fraction?.default_value))
        mirror(cluster, this.#request, this.#head, [...this.#kept]);
    }
  }

  #reply(status: number, body: string | undefined, extra?: Headers, leading: Headers = []): void {
    const close =
      (this.#hasBody && !this.#requestComplete) || this.#chain.draining || this.#downstream.closesAfterAnswer;
    const answer = reply(status, body, this.#chain.serverName, close, extra);
    if (close) this.#downstream.closeAfterAnswer();
    this.#answerStatus = status;
    this.#bytesSent = this.#request.method === 'HEAD' ? 0 : Buffer.byteLength(answer.body);
    this.#finishAccounting();
    this.#downstream.writeHead(
      writeHead(answer.startLine, [...leading, ...answer.headers]) +
        (this.#request.method === 'HEAD' ? '' : answer.body),
    );
    this.#downstream.finish();
  }

  /** Ends the present attempt's accounting and, when asked, its connection. */
  #leaveUpstream(destroy: boolean): void {
    const host = this.#host;
    const isSent = this.#isSent();
    if (host !== undefined) {
      if (this.#isPending()) host.stats.rqPendingActive -= 1;
      if (isSent) host.stats.rqActive -= 1;
    }
    if (isSent && this.#cluster !== undefined) this.#cluster.breaker.inUse.requests -= 1;
    this.#phase = 'choosing';
    host?.cancel(this);
    if (destroy && isSent) this.#upstream?.destroy();
    else if (destroy) this.#upstream?.release();
    this.#upstream = undefined;
    clearTimeout(this.#tryTimer);
  }

  /** @param status the endpoint's, or what its silence stands for */
  #count(
    what: 'rqError' | 'rqSuccess' | 'rqTimeout',
    status = this.#answerStatus || (what === 'rqTimeout' ? 504 : 503),
  ): void {
    if (this.#host === undefined) return;
    this.#host.stats[what] += 1;
    this.#cluster?.report(this.#host, status);
  }

  /** How it came to its end, for the access log. */
  #ends(flag: string | undefined, details: string): void {
    this.#outcome = { flags: flag === undefined ? [] : [flag], details, transportFailure: undefined };
  }

  #finishAccounting(): void {
    if (this.#phase !== 'over') this.#tell();
    this.#phase = 'over';
    this.#endRetry();
    clearTimeout(this.#timer);
    clearTimeout(this.#tryTimer);
    clearTimeout(this.#retryTimer);
    this.#kept = [];
  }

  #tell(): void {
    const { remoteAddress, remotePort, local } = this.#downstream;
    const host = this.#host;
    const record: AccessRecord = {
      startedAt: this.#startedAt,
      durationMs: performance.now() - this.#began,
      request: this.#request,
      path: this.#path,
      // A request that went nowhere is logged with what would have been sent.
      head:
        this.#head.length > 0
          ? this.#head
          : upstreamHeaders(this.#request, this.#chain, remoteAddress, NOWHERE),
      status: this.#answerStatus,
      ...this.#outcome,
      bytesReceived: this.#requestBody.content,
      bytesSent: this.#answerBody?.content ?? this.#bytesSent,
      serviceTimeMs: this.#serviceTimeMs,
      upstream:
        host === undefined
          ? undefined
          : { host: `${host.address}:${host.port}`, localAddress: this.#upstreamAddress },
      cluster: this.#cluster?.name,
      localAddress: local,
      remoteAddress: `${remoteAddress}:${remotePort}`,
      routeName: this.#routeName,
    };
    this.#chain.finished(record, this.#route);
  }
}
