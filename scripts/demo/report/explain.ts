import type { Account, Loss } from '../../load/index.ts';
import type { PodLane, ProxyLane } from '../observe/observation.ts';
import type { ScenarioResult } from '../result.ts';
import { findScenario } from '../scenarios.ts';
import { describeLosses } from '../table.ts';
import { count, endBegunAt, endOf, leftAt, seconds, shortName, targetsAt, type End } from './facts.ts';

export interface Explanation {
  /** Explains the losses, or their absence, in two sentences, from the observation alone. */
  sentences: string[];
  /** The requests that show it best, with the state when each was sent. */
  examples: { loss: Loss; meanwhile: string }[];
}

export function explain(result: ScenarioResult): Explanation {
  const { account, observation, error } = result;
  if (!account || !observation) {
    return { sentences: [`The run did not come to its end: ${error ?? 'no account'}.`], examples: [] };
  }
  return {
    sentences: sentencesOf(result, account),
    examples: chooseExamples(account.losses ?? []).map((loss) => ({
      loss,
      meanwhile: describeMoment(result, loss.sentMs),
    })),
  };
}

function sentencesOf(result: ScenarioResult, account: Account): string[] {
  const { lost, sent, byReason } = account;
  if (lost === 0) return whyNothingWasLost(result);
  // The load's own text: such a request waited for a connection until its timeout.
  const unsent = Object.entries(byReason)
    .filter(([reason]) => reason.startsWith('no free connection'))
    .reduce((sum, [, n]) => sum + n, 0);
  if (unsent <= lost / 2) return [whoSentWhere(result), whatWasLost(result)];
  return [
    `${count(unsent)} of ${count(sent)} requests never left the client: all of its connections were busy until their time was over.`,
    'That is a machine too busy for the load, or pods that hang, and says nothing about the release: run it again when nothing else is busy.',
  ];
}

interface Meeting {
  pod: PodLane;
  end: End;
  /** When the proxy on the callers' path left the pod. */
  leftMs: number | undefined;
}

/** Each old pod's end, and the time when the proxy before it stopped sending to it. */
function meetings({ id, observation }: ScenarioResult): { proxy: ProxyLane | undefined; met: Meeting[] } {
  const naive = findScenario(id).pod === 'naive';
  const proxy = observation?.proxies.find(({ kind }) => kind !== 'sidecar');
  const met = (observation?.pods ?? []).flatMap((pod) => {
    const end = endOf(pod, { naive });
    return end ? [{ pod, end, leftMs: proxy && leftAt(proxy, pod.name) }] : [];
  });
  return { proxy, met };
}

function whoSentWhere(result: ScenarioResult): string {
  const { observation, account } = result;
  const { proxy, met } = meetings(result);
  const lastLossMs = account?.losses?.at(-1)?.endMs ?? 0;
  if (met.length === 0) return 'No pod ended in this run, so the losses have another cause.';
  if (proxy?.kind !== 'gateway') {
    const first = met.reduce((a, b) => (b.end.atMs < a.end.atMs ? b : a));
    const last = met.reduce((a, b) => (b.end.atMs > a.end.atMs ? b : a));
    const after = Math.max(0, lastLossMs - last.end.atMs);
    return `Old pods were told to end from ${seconds(first.end.atMs)} (${shortName(first.pod)}) on and exited at once, while kept-alive connections and the kube-proxy's rules still led to them; the last request was lost ${seconds(after)} after the last of them (${shortName(last.pod)}).`;
  }
  const overdue = met
    .map((meeting) => ({ ...meeting, byMs: (meeting.leftMs ?? lastLossMs) - meeting.end.atMs }))
    .reduce((a, b) => (b.byMs > a.byMs ? b : a));
  const { pod, end, byMs, leftMs } = overdue;
  const late = observation?.late.find(
    (lateness) => lateness.proxy === 'gateway' && lateness.untilMs > end.atMs,
  );
  const because = late
    ? `: it had heard of no change since ${seconds(late.fromMs)} and did not until ${seconds(late.untilMs)}`
    : '';
  if (byMs > 0) {
    const until = leftMs === undefined ? 'to the end of the run' : `until ${seconds(leftMs)}`;
    return `The gateway still sent to ${shortName(pod)} ${seconds(byMs)} after ${end.part} (from ${seconds(end.atMs)} ${until})${because}.`;
  }
  return `The gateway let go of ${shortName(pod)} at about the moment when ${end.part} (${seconds(end.atMs)}), and requests already on their way were cut off${because}.`;
}

function whatWasLost({ account }: ScenarioResult): string {
  if (!account) return '';
  const { losses = [], lost, sent, byReason } = account;
  const [reason = '', n = 0] = Object.entries(byReason).sort(([, a], [, b]) => b - a)[0] ?? [];
  const first = Math.min(...losses.map(({ dueMs }) => dueMs));
  const last = Math.max(...losses.map(({ dueMs }) => dueMs));
  const span = losses.length === 0 ? '' : ` due from ${seconds(first)} to ${seconds(last)}`;
  return `That cost ${count(lost)} of ${count(sent)} requests${span} (${describeLosses(account)}), ${count(n)} of them with "${reason}".`;
}

function whyNothingWasLost(result: ScenarioResult): string[] {
  const { proxy, met } = meetings(result);
  const margins = met.flatMap(({ leftMs, ...rest }) =>
    leftMs === undefined ? [] : [{ ...rest, leftMs, spareMs: rest.end.atMs - leftMs }],
  );
  const who = proxy?.kind === 'gateway' ? 'the gateway' : 'the EndpointSlice';
  const verb = proxy?.kind === 'gateway' ? 'had stopped sending to' : 'had dropped';
  if (margins.length === 0) return ['No request was lost.', waitedFor(result)];
  const tightest = margins.reduce((a, b) => (b.spareMs < a.spareMs ? b : a));
  const spare =
    tightest.spareMs > 0
      ? `${who} ${verb} every old pod before it stopped answering, with ${seconds(tightest.spareMs)} to spare at the tightest (${shortName(tightest.pod)})`
      : `${who} ${verb} ${shortName(tightest.pod)} at ${seconds(tightest.leftMs)}, about when ${tightest.end.part}`;
  return [`No request was lost: ${spare}.`, waitedFor(result)];
}

function waitedFor({ id, steps, observation }: ScenarioResult): string {
  if (findScenario(id).release === 'switch') {
    const longest = [...steps].sort((a, b) => b.durationMs - a.durationMs)[0];
    if (!longest) return 'The switch had nothing to do.';
    const proof = longest.detail ? `: ${longest.detail}` : '';
    return `The switch went on only on proof, and waited longest in "${longest.name}" (${seconds(longest.durationMs)})${proof}.`;
  }
  const drains = (observation?.pods ?? []).flatMap((pod) => {
    const begun = endBegunAt(pod);
    const quiet = pod.changes.find(({ state }) => state === 'quiet')?.atMs;
    return begun === undefined || quiet === undefined ? [] : [quiet - begun];
  });
  if (drains.length > 0) {
    return `Each old pod said that it was leaving and went on serving until nobody asked any more: ${drains.map(seconds).join(' and ')}.`;
  }
  return 'Nobody waited for proof: at this lag the fixed order and its pauses were long enough.';
}

/** The first, the last, and one of another kind or from between. */
function chooseExamples(losses: Loss[]): Loss[] {
  const [first] = losses;
  const last = losses.at(-1);
  if (!first || !last || losses.length <= 3) return losses;
  const between = losses.slice(1, -1);
  const other = between.find(({ kind, reason }) => kind !== first.kind || reason !== first.reason);
  return [first, other ?? between[Math.floor(between.length / 2)] ?? first, last];
}

/** The targets of the proxies at a time, and the state of those pods. */
export function describeMoment({ id, observation }: ScenarioResult, atMs: number): string {
  const naive = findScenario(id).pod === 'naive';
  const proxy = observation?.proxies.find(({ kind }) => kind !== 'sidecar');
  const states = (proxy && targetsAt(proxy, atMs))?.map((name) => {
    const pod = observation?.pods.find((lane) => lane.name === name);
    if (!pod) return `${name} (unknown)`;
    const end = endOf(pod, { naive });
    if (end && end.atMs <= atMs) return `${shortName(pod)} (${end.part} ${seconds(atMs - end.atMs)} before)`;
    const state = pod.changes.findLast((change) => change.atMs <= atMs)?.state ?? 'unknown';
    return `${shortName(pod)} (${state})`;
  });
  if (!states) return '';
  const who = proxy?.kind === 'gateway' ? 'the gateway sent to' : 'the EndpointSlice named';
  const said = `${who} ${states.join(' and ') || 'nobody'}`;
  if (proxy?.kind === 'gateway') return said;
  // Without a mesh the targets cannot be read: connections and the
  // kube-proxy's rules may still lead to these pods.
  const dropped = (observation?.pods ?? []).flatMap((pod) => {
    const end = endOf(pod, { naive });
    const isNamed = proxy && targetsAt(proxy, atMs)?.includes(pod.name);
    return end && end.atMs <= atMs && !isNamed
      ? [`${shortName(pod)}, no longer named, had ended ${seconds(atMs - end.atMs)} before`]
      : [];
  });
  return [said, ...dropped].join('; ');
}
