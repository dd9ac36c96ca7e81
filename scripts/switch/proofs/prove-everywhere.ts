/** Asks every proxy the same question until each has proven it, and lists them again until a pass finds no new one. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { pause } from '../../shared/wait.ts';
import type { Verdict } from '../routing/envoy-answers.ts';
import type { Mesh } from './mesh.ts';
import { nameOf } from './proxies.ts';
import type { Proxy } from './proxies.ts';

export interface Proof {
  /** How many proxies have proven it. */
  proxies: number;
  /** The last of them, and after how long. */
  slowest?: { proxy: string; ms: number } | undefined;
  /** Requests that the callers' proxies were seen to count meanwhile. Undefined when nobody looked. */
  requests?: number | undefined;
}

export interface ProofRequest {
  /** The claim as a person reads it: `v2's endpoints`. */
  what: string;
  /** Asks one proxy. Whatever it throws counts as not proven, and is asked again. */
  check: (proxy: Proxy, signal: AbortSignal) => Promise<Verdict>;
  /** Undefined when everything besides the proxies holds; else what does not (an istiod that has not seen the change, a pod not ready). */
  also?: (signal: AbortSignal) => Promise<string | undefined>;
  /** What at least one proxy must be, for a proof that would be empty without: one that has anything to do with the claim. */
  atLeastOne?: string;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  onProgress?: (text: string) => void;
  /** Default: the machine's. */
  clock?: Clock;
}

/** Some proxy did not prove it in time. */
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
  /** It has something to do with the claim. */
  consumer: boolean;
  stop: AbortController;
}

/** How often the proxies are listed anew while some have not proven it yet. */
const LIST_EVERY_MS = 1000;
/** No proxy is asked more often than this, in milliseconds. */
const SHORTEST_INTERVAL_MS = 15;
/** What each proxy that is still asked adds to the others' interval, in milliseconds: together they ask some 700 times in a second at most. */
const INTERVAL_PER_PROXY_MS = 1.5;
/** The looking adds at most this part of a wait to it. */
const RESOLUTION = 1 / 20;

export async function proveEverywhere(mesh: Mesh, request: ProofRequest): Promise<Proof> {
  const { what, check, also, atLeastOne, deadlineMs, signal, onProgress, clock = systemClock } = request;
  const started = clock.now();
  const elapsed = () => clock.now() - started;
  const watched = new Map<string, Watched>();
  const wake = createBell(clock);
  const open = () => [...watched.values()].filter(({ provenMs }) => provenMs === undefined);
  /** Few proxies are asked often, so that the looking adds little to what it looks for; many, and slow answers, share the API server. */
  const interval = (askedMs: number) => {
    const least = Math.max(SHORTEST_INTERVAL_MS, open().length * INTERVAL_PER_PROXY_MS, 2 * askedMs);
    return Math.min(watched.size <= 50 ? 80 : 250, Math.max(least, elapsed() * RESOLUTION));
  };
  let problem: string | undefined = 'nothing seen yet';
  let passes = 0;

  const watchOne = async (entry: Watched) => {
    while (!entry.stop.signal.aborted) {
      const askedAt = clock.now();
      let notBeforeMs: number | undefined;
      try {
        const verdict = await check(entry.proxy, entry.stop.signal);
        if (verdict.proven) {
          entry.provenMs = elapsed();
          entry.consumer = verdict.consumer;
          wake.ring();
          return;
        }
        entry.saw = verdict.saw;
        notBeforeMs = verdict.againMs;
      } catch (error) {
        entry.saw = `cannot be asked: ${messageOf(error)}`;
      }
      const rest = interval(clock.now() - askedAt);
      await pause(
        notBeforeMs === undefined ? rest : Math.max(1, Math.min(rest, notBeforeMs)),
        entry.stop.signal,
        clock,
      ).catch(() => undefined);
    }
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const passStarted = clock.now();
      // Only a list that was begun after the last proxy had proven it can show that there is none besides.
      const isLast = passes > 0 && open().length === 0;
      try {
        const listed = mesh.list(signal);
        const lacking = also?.(signal ?? new AbortController().signal);
        lacking?.catch(() => undefined);
        const proxies = await listed;
        const present = new Set(proxies.map(({ key }) => key));
        for (const [key, entry] of watched) {
          if (present.has(key)) continue;
          entry.stop.abort();
          watched.delete(key);
        }
        let fresh = 0;
        for (const proxy of proxies) {
          const known = watched.get(proxy.key);
          if (known) {
            known.proxy = proxy;
            continue;
          }
          fresh += 1;
          const entry: Watched = {
            proxy,
            saw: 'not asked yet',
            provenMs: undefined,
            consumer: false,
            stop: new AbortController(),
          };
          watched.set(proxy.key, entry);
          void watchOne(entry);
        }
        problem = await lacking;
        if (isLast && atLeastOne !== undefined && ![...watched.values()].some(({ consumer }) => consumer))
          problem ??= `there is no ${atLeastOne}`;
        passes += 1;
        if (isLast && fresh === 0 && problem === undefined) return summarize([...watched.values()]);
      } catch (error) {
        signal?.throwIfAborted();
        problem = messageOf(error);
      }
      if (elapsed() >= deadlineMs) throw notProven(what, deadlineMs, [...watched.values()], problem);
      onProgress?.(progress([...watched.values()], problem));
      await settled(clock.now() - passStarted);
    }
  } finally {
    for (const { stop } of watched.values()) stop.abort();
  }

  /** Until every known proxy has proven it, or it is time to list again or to give up. */
  async function settled(passMs: number): Promise<void> {
    const until = Math.min(deadlineMs, elapsed() + LIST_EVERY_MS);
    const rest = Math.max(25, 2 * passMs, elapsed() * RESOLUTION);
    if (problem !== undefined)
      await pause(Math.min(250, rest, Math.max(1, until - elapsed())), signal, clock);
    while (elapsed() < until) {
      if (open().length === 0) return;
      onProgress?.(progress([...watched.values()], problem));
      await wake.next(Math.max(1, until - elapsed()), signal);
    }
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

/** What a proxy showed last, and what it rejected, in istiod's words. */
function lastSeen({ proxy, saw }: Watched): string {
  return proxy.rejected === undefined ? saw : `${saw}; it rejected its configuration: ${proxy.rejected}`;
}

function progress(all: Watched[], problem: string | undefined): string {
  const open = all.filter(({ provenMs }) => provenMs === undefined);
  const count = `${all.length - open.length}/${all.length} proxies`;
  // What was rejected does not come by waiting: it is told before what is only late.
  const waiting = open.find(({ proxy }) => proxy.rejected !== undefined) ?? open[0];
  if (waiting) return `${count}, waiting for ${nameOf(waiting.proxy)}: ${lastSeen(waiting)}`;
  return problem === undefined ? count : `${count}, ${problem}`;
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

/** Lets one side wait for the next of many rings, or for a time. */
function createBell(clock: Clock): { ring(): void; next(ms: number, signal?: AbortSignal): Promise<void> } {
  let rung = new AbortController();
  return {
    ring() {
      rung.abort();
      rung = new AbortController();
    },
    async next(ms, signal) {
      await pause(ms, signal ? AbortSignal.any([signal, rung.signal]) : rung.signal, clock).catch(
        () => undefined,
      );
      signal?.throwIfAborted();
    },
  };
}
