/** A share of the traffic first, and evidence before more: the callers' own counters, both versions in the same time. */
import { messageOf } from '../../shared/errors.ts';
import { waitFor } from '../../shared/wait.ts';
import { createProxySource, withTally } from './evidence-source.ts';
import type { EvidenceSource, EvidenceWindow } from './evidence-source.ts';
import { WorseError, describeLatency, isSlower, judgeErrors, slowerError } from './judge.ts';
import { compareLatencies } from './latency.ts';
import type { Comparison } from './latency.ts';
import { createPrometheusSource, queriesFor } from './prometheus-source.ts';
import type { Sample } from './fisher.ts';
import { metricLabelOf } from './metric-label.ts';
import { isPromoted } from './promote.ts';
import type { SwitchContext } from '../context.ts';
import { routed } from '../proofs/claims.ts';
import type { Move } from '../routing/traffic-routing.ts';
import { alreadySo, nothing } from '../step.ts';
import type { Step } from '../step.ts';
import { keepUp } from '../steps/keep-up.ts';
import { shiftBack } from '../steps/shift-traffic.ts';
import { promoteCommand } from '../next-command.ts';

/** Fewer answers from the new version say nothing. */
export const LEAST_SAMPLE = 100;
/** Nor does a comparison with fewer answers from the old one, which may have the smaller share: beside 20 good ones, 26 errors in 100 tell. */
export const LEAST_OLD_SAMPLE = 20;
/** So unlikely must the new version's errors be as chance before they count against it. */
const SIGNIFICANCE = 0.01;

/** Looked at again and again while a share is held: each look must be the more certain. */
const SIGNIFICANCE_WHILE_HELD = SIGNIFICANCE / 100;
/** How long a person may think about it, in milliseconds. */
const HOLD_MS = 24 * 3600 * 1000;

export function canaryStep(share: number, isFirst: boolean): Step {
  const moveOf = ({ from, to, marker }: SwitchContext): Move => ({
    from,
    to,
    share,
    marker: `${marker}-p${share}`,
  });
  /** A run that is continued does not go back to a smaller share. */
  const isPast = ({ lastSeen, from, to }: SwitchContext) => lastSeen.shareOf(from, to) > share;
  return {
    name: `canary-${share}`,
    title: ({ to }) => `Send ${share} % to ${to}`,
    share,
    onFailure: 'undo',
    before: keepUp((context) => !isFirst && !isPast(context)),
    changes: (context) =>
      isPast(context) ? nothing() : Promise.resolve(context.lastSeen.move(moveOf(context))),
    claim(context) {
      const { from, to, lastSeen } = context;
      const text = evidenceText(context);
      if (isPast(context))
        return alreadySo(`${to} has ${Math.round(lastSeen.shareOf(from, to))} % already`, text);
      return {
        text,
        async prove() {
          const { proof } = await routed(context, moveOf(context)).prove();
          const source = withTally(sourceOf(context), [from, to]);
          const detail = await gatherEvidence(context, share, source);
          return { detail, proof: proof && { ...proof, requests: source.requests() } };
        },
      };
    },
    // One way back for all shares.
    ...(isFirst ? { undo: shiftBack } : {}),
  };
}

function evidenceText(context: SwitchContext): string {
  const { from, to, options, target } = context;
  const { prometheus } = options;
  const judged = `B for this share, then at least ${LEAST_SAMPLE} answers of ${to} and ${LEAST_OLD_SAMPLE} of ${from} with no more errors and no more slow ones than ${from}`;
  if (prometheus === undefined) return `${judged} (as the callers' proxies count them)`;
  const { requests, errors, latencies } = queriesFor(target.host, 'N', labelOf(context));
  return `${judged} (as Prometheus at ${prometheus} counts them: ${requests}; ${errors}; ${latencies})`;
}

function sourceOf(context: SwitchContext): EvidenceSource {
  const { options, mesh, clock, lastSeen, target } = context;
  const { prometheus: url } = options;
  const label = labelOf(context);
  return url === undefined
    ? createProxySource({ mesh, routing: lastSeen, label })
    : createPrometheusSource({ url, host: target.host, label, clock });
}

const labelOf = ({ lastSeen, from, to }: SwitchContext) => metricLabelOf(lastSeen.labelsLike(to, from), to);

async function gatherEvidence(
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
  let { fresh, old } = await untilEnough(context, window);
  let counted = judgeErrors(context, fresh, old, SIGNIFICANCE);
  let timed = await timesIn(window);
  if (isSlower(timed, SIGNIFICANCE)) {
    // A version that has just started is slow at first. It counts only when what comes after is slow too.
    const next = await open();
    await untilEnough(context, next);
    ({ fresh, old } = await untilEnough(context, window));
    counted = judgeErrors(context, fresh, old, SIGNIFICANCE);
    timed = await timesIn(next);
    if (isSlower(timed, SIGNIFICANCE)) throw slowerError(context, timed);
  }
  if (options.hold) return holdForYes(context, share, { steady: await open(), window });
  return withLatency(context, counted, timed);
}

/** Asks until there is an answer. A source that does not answer may do so later, and says nothing against the new version meanwhile. */
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
    ? `${counted}; latency not compared (nobody timed enough)`
    : `${counted}; ${describeLatency(context, timed)}`;
}

/** Waits until both versions have given enough answers. */
function untilEnough(
  context: SwitchContext,
  window: EvidenceWindow,
): Promise<{ fresh: Sample; old: Sample }> {
  const { from, to, options } = context;
  const { leastSample = LEAST_SAMPLE } = options;
  const leastOld = Math.min(leastSample, LEAST_OLD_SAMPLE);
  return untilHeard(context, `enough traffic to judge ${to} by`, async (tell) => {
    const found = await count(context, window);
    const { fresh, old } = found;
    const isFew = fresh.requests < leastSample;
    tell(
      isFew
        ? `${fresh.requests} of ${leastSample} answers of ${to}`
        : `${old.requests} of ${leastOld} answers of ${from}`,
    );
    return isFew || old.requests < leastOld ? undefined : found;
  });
}

async function count(
  { from, to, signal }: SwitchContext,
  window: EvidenceWindow,
): Promise<{ fresh: Sample; old: Sample }> {
  const counts = await window.counts(signal);
  const nothing = { requests: 0, errors: 0 };
  return { fresh: counts.get(to) ?? nothing, old: counts.get(from) ?? nothing };
}

async function compare(
  { from, to, signal }: SwitchContext,
  window: EvidenceWindow,
): Promise<Comparison | undefined> {
  const timed = await window.latencies(signal);
  return compareLatencies(timed.get(to) ?? new Map(), timed.get(from) ?? new Map(), LEAST_SAMPLE / 2);
}

/**
 * Waits for a person's yes, and goes on looking meanwhile. A proxy that restarts or an istiod that is away for a while ends no hold of hours; a hold that
 * nobody can see into for longer than a step may take does.
 */
async function holdForYes(
  context: SwitchContext,
  share: number,
  { steady, window }: { steady: EvidenceWindow; window: EvidenceWindow },
): Promise<string> {
  const { options, cluster, app, record, signal, clock, reporter } = context;
  reporter.note(`held at ${share} %; to go on: ${promoteCommand(options)}`);
  const look = async () => {
    const { fresh, old } = await count(context, window);
    const counted = judgeErrors(context, fresh, old, SIGNIFICANCE_WHILE_HELD);
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
