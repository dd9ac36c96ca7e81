/** The evidence for a share: enough answers of both versions, the candidate no worse, an approval. */
import { messageOf } from '../../shared/errors.ts';
import { waitFor } from '../../shared/wait.ts';
import type { SwitchContext } from '../context.ts';
import { promoteCommand } from '../next-command.ts';
import type { EvidenceSource, EvidenceWindow } from './evidence-source.ts';
import type { Samples } from './fisher.ts';
import { WorseError, describeLatency, isSlower, judgeErrors, slowerError } from './judge.ts';
import { compareLatencies } from './latency.ts';
import type { Comparison } from './latency.ts';
import { isPromoted } from './promote.ts';

/** Minimum answers of the candidate: fewer prove nothing. */
export const LEAST_SAMPLE = 100;
/** Minimum answers of the current version: beside 20 good ones, 26 errors in 100 are significant. */
export const LEAST_OLD_SAMPLE = 20;
/** Significance level of the test against the candidate. */
const SIGNIFICANCE = 0.01;
/** Significance level while a share is held: repeated tests need a stricter one. */
const SIGNIFICANCE_WHILE_HELD = SIGNIFICANCE / 100;
/** Deadline for an approval, in milliseconds. */
const HOLD_MS = 24 * 3600 * 1000;

/** Returns a line for the user. Throws a WorseError, or the reason why there was no evidence in time. */
export async function gatherEvidence(
  context: SwitchContext,
  share: number,
  source: EvidenceSource,
): Promise<string> {
  const { options, signal } = context;
  const open = () => untilHeard(context, 'the evidence to begin', () => source.open(signal));
  const timesIn = async (window: EvidenceWindow) => {
    const ask = async () => ({ timed: await compare(context, window) });
    return (await untilHeard(context, 'how long answers took', ask)).timed;
  };
  const window = await open();
  let counted = judgeErrors(context, await untilEnough(context, window), SIGNIFICANCE);
  let timed = await timesIn(window);
  if (isSlower(timed, SIGNIFICANCE)) {
    // A version is slow right after its start: only a second slow sample counts.
    const next = await open();
    await untilEnough(context, next);
    counted = judgeErrors(context, await untilEnough(context, window), SIGNIFICANCE);
    timed = await timesIn(next);
    if (isSlower(timed, SIGNIFICANCE)) throw slowerError(context, timed);
  }
  if (options.hold) return holdForYes(context, share, { steady: await open(), window });
  return withLatency(context, counted, timed);
}

/** Retries until the source answers. A source that does not answer says nothing about the candidate. */
async function untilHeard<T>(
  { stepTimeoutMs, signal, clock, reporter }: SwitchContext,
  what: string,
  ask: (tell: (seen: string) => void) => Promise<T | undefined>,
): Promise<T> {
  let last = '';
  const tell = (seen: string) => {
    last = seen;
    reporter.progress(seen);
  };
  const heard = await waitFor(
    async () => {
      try {
        const answer = await ask(tell);
        return answer === undefined ? undefined : { answer };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof WorseError) throw error;
        tell(messageOf(error));
        return undefined;
      }
    },
    { deadlineMs: stepTimeoutMs, what, lastSeen: () => last, intervalMs: 500, signal, clock },
  );
  return heard.answer;
}

function withLatency(context: SwitchContext, counted: string, timed: Comparison | undefined): string {
  return timed === undefined
    ? `${counted}; latency not compared (too few timed answers)`
    : `${counted}; ${describeLatency(context, timed)}`;
}

/** Waits until both versions have given enough answers. */
function untilEnough(context: SwitchContext, window: EvidenceWindow): Promise<Samples> {
  const { from, to, options } = context;
  const { leastSample = LEAST_SAMPLE } = options;
  const leastOld = Math.min(leastSample, LEAST_OLD_SAMPLE);
  return untilHeard(context, `enough traffic to judge ${to} by`, async (tell) => {
    const samples = await count(context, window);
    const { candidate, current } = samples;
    const isFew = candidate.requests < leastSample;
    tell(
      isFew
        ? `${candidate.requests} of ${leastSample} answers of ${to}`
        : `${current.requests} of ${leastOld} answers of ${from}`,
    );
    return isFew || current.requests < leastOld ? undefined : samples;
  });
}

async function count({ from, to, signal }: SwitchContext, window: EvidenceWindow): Promise<Samples> {
  const counts = await window.counts(signal);
  const nothing = { requests: 0, errors: 0 };
  return { candidate: counts.get(to) ?? nothing, current: counts.get(from) ?? nothing };
}

async function compare(
  { from, to, signal }: SwitchContext,
  window: EvidenceWindow,
): Promise<Comparison | undefined> {
  const timed = await window.latencies(signal);
  return compareLatencies(timed.get(to) ?? new Map(), timed.get(from) ?? new Map(), LEAST_SAMPLE / 2);
}

/**
 * Waits for an approval and goes on testing. It may last for hours, so a proxy that restarts or an istiod
 * that is down for a while does not end it. Missing evidence for longer than the step timeout does.
 */
async function holdForYes(
  context: SwitchContext,
  share: number,
  { steady, window }: { steady: EvidenceWindow; window: EvidenceWindow },
): Promise<string> {
  const { options, cluster, app, record, signal, clock, reporter } = context;
  reporter.note(`held at ${share} %; to go on: ${promoteCommand(options)}`);
  const look = async () => {
    const counted = judgeErrors(context, await count(context, window), SIGNIFICANCE_WHILE_HELD);
    const timed = await compare(context, steady);
    if (isSlower(timed, SIGNIFICANCE_WHILE_HELD)) throw slowerError(context, timed);
    const said = withLatency(context, counted, timed);
    reporter.progress(`held: ${said}`);
    return (await isPromoted(cluster, app, { id: record.id, share })) ? said : undefined;
  };
  const ask = async () => ({ said: await look() });
  return waitFor(async () => (await untilHeard(context, 'a look at the evidence', ask)).said, {
    deadlineMs: HOLD_MS,
    what: `a yes to ${share} %`,
    intervalMs: 1000,
    signal,
    clock,
  });
}
