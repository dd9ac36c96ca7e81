/** Polls every proxy until each has proven the claim and a new list shows no further proxy. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { pause } from '../../shared/wait.ts';
import type { Verdict } from '../routing/verdict.ts';
import type { Mesh } from './mesh.ts';
import { nameOf } from './proxies.ts';
import type { Proxy } from './proxies.ts';

export interface Proof {
  /** The number of proxies that have proven the claim. */
  proxies: number;
  /** The last proxy to prove it, and after what time. */
  slowest?: { proxy: string; ms: number } | undefined;
  /** Requests that the callers' proxies counted meanwhile; undefined when they were not read. */
  requests?: number | undefined;
}

export interface ProofRequest {
  /** The claim, for the user: `v2's endpoints`. */
  what: string;
  /** Asks one proxy. An error counts as unproven and is retried. */
  check: (proxy: Proxy, signal: AbortSignal) => Promise<Verdict>;
  /**
   * A further condition: undefined when it holds, else what does not hold, such as a pod that is not ready.
   */
  also?: (signal: AbortSignal) => Promise<string | undefined>;
  /** What at least one proxy must be. Without a proxy that the claim concerns, the proof would be empty. */
  atLeastOne?: string;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  onProgress?: (text: string) => void;
  /** Default: the machine's. */
  clock?: Clock;
}

/** A proxy did not prove the claim before the deadline. */
export class NotProvenError extends CommandError {
  readonly proxies: string[];

  constructor(message: string, proxies: string[]) {
    super(message);
    this.proxies = proxies;
  }
}

interface Watched {
  proxy: Proxy;
  saw: string;
  provenMs: number | undefined;
  /** Whether the claim concerns this proxy. */
  consumer: boolean;
  stop: AbortController;
}

/** Interval between lists while a proxy is open: this multiple of a list's duration, within these bounds. */
const LIST_EVERY = { times: 5, leastMs: 1000, mostMs: 5000 };
/** Shortest poll interval of one proxy, in milliseconds. */
const SHORTEST_INTERVAL_MS = 15;
/** Added to the poll interval for each open proxy, in milliseconds: at most about 700 requests a second. */
const INTERVAL_PER_PROXY_MS = 1.5;
/** Poll interval: at most this fraction of the time waited so far. */
const RESOLUTION = 1 / 20;
/** The abort reason of a request. One shared error, since thousands of stack traces take seconds. */
const OVER = new CommandError('the proxy is not asked any more');

/** @throws NotProvenError at the deadline; the signal's reason when aborted */
export async function proveEverywhere(mesh: Mesh, request: ProofRequest): Promise<Proof> {
  return new EveryProxy(mesh, request).prove();
}

class EveryProxy {
  readonly #mesh: Mesh;
  readonly #request: ProofRequest;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #watched = new Map<string, Watched>();
  /** The watched proxies that have not proven the claim yet. */
  readonly #open = new Set<Watched>();
  readonly #bell: Bell;
  /** The proxies that reject their configuration, as of the last pass. */
  #rejecting: Watched[] = [];
  /** The further condition that does not hold, as of the last pass. */
  #problem: string | undefined = 'nothing seen yet';

  constructor(mesh: Mesh, request: ProofRequest) {
    this.#mesh = mesh;
    this.#request = request;
    this.#clock = request.clock ?? systemClock;
    this.#startedMs = this.#clock.now();
    this.#bell = createBell(this.#clock);
  }

  async prove(): Promise<Proof> {
    const { what, deadlineMs, signal, onProgress } = this.#request;
    try {
      for (let passes = 0; ;) {
        signal?.throwIfAborted();
        const passStarted = this.#clock.now();
        // Only a list begun after the last proxy has proven the claim can show that there is no other.
        const isLast = passes > 0 && this.#open.size === 0;
        try {
          const fresh = await this.#pass(isLast);
          passes += 1;
          if (isLast && fresh === 0 && this.#problem === undefined) return summarize(this.#all());
        } catch (error) {
          signal?.throwIfAborted();
          this.#problem = messageOf(error);
        }
        if (this.#elapsed() >= deadlineMs) throw notProven(what, deadlineMs, this.#all(), this.#problem);
        onProgress?.(this.#progress());
        await this.#settled(this.#clock.now() - passStarted);
      }
    } finally {
      for (const { stop } of this.#open) stop.abort(OVER);
    }
  }

  /** Lists the proxies and begins to poll the new ones; returns their number. */
  async #pass(isLast: boolean): Promise<number> {
    const { also, atLeastOne, signal } = this.#request;
    const listed = this.#mesh.list(signal);
    const lacking = also?.(signal ?? new AbortController().signal);
    lacking?.catch(() => undefined);
    const proxies = await listed;
    this.#forgetAllBut(new Set(proxies.map(({ key }) => key)));
    let fresh = 0;
    for (const proxy of proxies) {
      const known = this.#watched.get(proxy.key);
      if (known) known.proxy = proxy;
      else {
        fresh += 1;
        this.#begin(proxy);
      }
    }
    this.#rejecting = this.#all().filter(({ proxy }) => proxy.rejected !== undefined);
    this.#problem = await lacking;
    if (isLast && atLeastOne !== undefined && !this.#all().some(({ consumer }) => consumer))
      this.#problem ??= `there is no ${atLeastOne}`;
    return fresh;
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const [key, entry] of this.#watched) {
      if (present.has(key)) continue;
      entry.stop.abort(OVER);
      this.#open.delete(entry);
      this.#watched.delete(key);
    }
  }

  #begin(proxy: Proxy): void {
    const stop = new AbortController();
    const entry = { proxy, saw: 'not asked yet', provenMs: undefined, consumer: false, stop };
    this.#watched.set(proxy.key, entry);
    this.#open.add(entry);
    void this.#watch(entry);
  }

  async #watch(entry: Watched): Promise<void> {
    const { signal } = entry.stop;
    while (!signal.aborted) {
      const askedAt = this.#clock.now();
      let notBeforeMs: number | undefined;
      try {
        const { proxy } = entry;
        const verdict = await this.#mesh.inTurn(proxy, () => this.#request.check(proxy, signal));
        if (verdict.proven) {
          entry.provenMs = this.#elapsed();
          entry.consumer = verdict.consumer;
          this.#open.delete(entry);
          this.#bell.ring();
          return;
        }
        entry.saw = verdict.saw;
        notBeforeMs = verdict.againMs;
      } catch (error) {
        entry.saw = `cannot be asked: ${messageOf(error)}`;
      }
      const rest = this.#interval(this.#clock.now() - askedAt);
      const waitMs = notBeforeMs === undefined ? rest : Math.max(1, Math.min(rest, notBeforeMs));
      await pause(waitMs, signal, this.#clock).catch(() => undefined);
    }
  }

  /**
   * Waits until every listed proxy has proven the claim, the next list is due, or the deadline is reached.
   */
  async #settled(passMs: number): Promise<void> {
    const { deadlineMs, signal, onProgress } = this.#request;
    const { times, leastMs, mostMs } = LIST_EVERY;
    const listAgainMs = Math.min(mostMs, Math.max(leastMs, times * passMs));
    const until = Math.min(deadlineMs, this.#elapsed() + listAgainMs);
    const rest = Math.max(25, 2 * passMs, this.#elapsed() * RESOLUTION);
    const leftMs = () => Math.max(1, until - this.#elapsed());
    if (this.#problem !== undefined) await pause(Math.min(250, rest, leftMs()), signal, this.#clock);
    while (this.#elapsed() < until) {
      if (this.#open.size === 0) return;
      onProgress?.(this.#progress());
      await this.#bell.next(leftMs(), signal);
    }
  }

  /**
   * The poll interval. It grows with the number of proxies and with slow answers, to spare the API server.
   */
  #interval(askedMs: number): number {
    const least = Math.max(SHORTEST_INTERVAL_MS, this.#open.size * INTERVAL_PER_PROXY_MS, 2 * askedMs);
    return Math.min(this.#watched.size <= 50 ? 80 : 250, Math.max(least, this.#elapsed() * RESOLUTION));
  }

  #elapsed(): number {
    return this.#clock.now() - this.#startedMs;
  }

  #all(): Watched[] {
    return [...this.#watched.values()];
  }

  #progress(): string {
    const all = this.#watched.size;
    const count = `${all - this.#open.size}/${all} proxies`;
    // Name a rejection before a late proxy: waiting does not help against it.
    const [first] = this.#open;
    const waiting = this.#rejecting.find((entry) => this.#open.has(entry)) ?? first;
    if (waiting) return `${count}, waiting for ${nameOf(waiting.proxy)}: ${lastSeen(waiting)}`;
    return this.#problem === undefined ? count : `${count}, ${this.#problem}`;
  }
}

function summarize(all: Watched[]): Proof {
  const slowest = all.reduce<Watched | undefined>(
    (late, entry) => ((entry.provenMs ?? 0) > (late?.provenMs ?? -1) ? entry : late),
    undefined,
  );
  return {
    proxies: all.length,
    ...(slowest ? { slowest: { proxy: nameOf(slowest.proxy), ms: Math.round(slowest.provenMs ?? 0) } } : {}),
  };
}

/** The last answer of a proxy, and its rejection in istiod's words. */
function lastSeen({ proxy, saw }: Watched): string {
  return proxy.rejected === undefined ? saw : `${saw}; it rejected its configuration: ${proxy.rejected}`;
}

function notProven(
  what: string,
  deadlineMs: number,
  all: Watched[],
  problem: string | undefined,
): NotProvenError {
  const open = all.filter(({ provenMs }) => provenMs === undefined);
  const described = open.slice(0, 10).map((entry) => `${nameOf(entry.proxy)} (${lastSeen(entry)})`);
  if (open.length > 10) described.push(`and ${open.length - 10} more`);
  if (problem !== undefined) described.push(problem);
  const counted =
    open.length > 0
      ? `${open.length} of ${all.length} proxies did not show ${what}`
      : `${what} is not proven`;
  return new NotProvenError(
    `${counted} within ${formatDuration(deadlineMs)}: ${described.join(', ')}`,
    open.map(({ proxy }) => nameOf(proxy)),
  );
}

interface Bell {
  ring(): void;
  next(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A reusable signal: waits for the next ring or a timeout. */
function createBell(clock: Clock): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const goOn of waiting) goOn();
    },
    async next(ms, signal) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => {
        const goOn = () => {
          waiting.delete(goOn);
          signal?.removeEventListener('abort', goOn);
          cancel();
          resolve();
        };
        const cancel = clock.after(ms, goOn);
        signal?.addEventListener('abort', goOn);
        waiting.add(goOn);
      });
      signal?.throwIfAborted();
    },
  };
}
