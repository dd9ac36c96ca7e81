import type { Account } from '../../load/index.ts';
import type { Observation, PodLane, ProxyLane } from '../observe/observation.ts';
import type { Lane, RunView, Segment } from '../page/run-view.ts';
import type { ScenarioResult } from '../result.ts';
import { findScenario } from '../scenarios.ts';
import { count, endOf, seconds, shortName } from './facts.ts';

const colourOfVersion = (version: string): string =>
  version === 'v1' || version === 'v2' ? version : 'other';
const colourOfLoss = (kind: string): string => (/^\d+$/.test(kind) ? 'lost-status' : `lost-${kind}`);

export const anchorOf = ({ id, weather }: Pick<ScenarioResult, 'id' | 'weather'>): string =>
  `${id}-${weather}`;

/**
 * The load's slots, in milliseconds. Slots without ended requests stay
 * empty: a neighbour must not be drawn over them.
 */
const slotMs = 100;

/** Everything one run's charts draw; undefined when there was no load. */
export function viewRun(result: ScenarioResult): RunView | undefined {
  const { account, observation, steps, releaseAtMs, releaseMs } = result;
  if (!account) return undefined;
  const slots = account.timeline ?? [];
  const endMs = Math.max(account.durationMs, (slots.at(-1)?.atMs ?? 0) + 100);
  return {
    anchor: anchorOf(result),
    endMs,
    releaseMs: { from: releaseAtMs, to: releaseAtMs + releaseMs },
    requests: slots.flatMap(({ atMs, ok, lost }) => {
      const toMs = atMs + slotMs;
      return [...Object.entries(ok), ...Object.entries(lost)].map(([outcome, n]) => ({
        atMs,
        toMs,
        outcome,
        n,
      }));
    }),
    slots: 'per 100 ms',
    outcomes: outcomesOf(account),
    steps: steps.map(({ name, atMs, durationMs, detail }) => ({
      name,
      segments: [
        { fromMs: atMs, toMs: atMs + durationMs, label: detail ?? seconds(durationMs), colour: 'step' },
      ],
    })),
    proxies: observation ? viewProxies(observation, result, endMs) : [],
    pods: (observation?.pods ?? []).map((pod) => viewPod(pod, endMs)),
    summary: `${result.title}, ${result.weather} weather: ${count(account.lost)} of ${count(account.sent)} requests lost; the release took ${seconds(releaseMs)}.`,
  };
}

function outcomesOf({ timeline = [] }: Account): RunView['outcomes'] {
  const versions = new Set(timeline.flatMap(({ ok }) => Object.keys(ok)));
  const kinds = new Set(timeline.flatMap(({ lost }) => Object.keys(lost)));
  return [
    ...[...versions].sort().map((name) => ({ name, colour: colourOfVersion(name), lost: false })),
    ...[...kinds].sort().map((name) => ({ name, colour: colourOfLoss(name), lost: true })),
  ];
}

function viewPod(pod: PodLane, endMs: number): Lane {
  const colours: Record<string, string> = { starting: 'starting', 'not ready': 'starting' };
  const segments = pod.changes.flatMap(({ atMs, state }, index): Segment[] => {
    const toMs = pod.changes[index + 1]?.atMs ?? endMs;
    if (state === 'gone' || toMs <= atMs) return [];
    const colour = colours[state] ?? colourOfVersion(pod.version);
    return [{ fromMs: atMs, toMs, label: state, colour, striped: state === 'draining' || state === 'quiet' }];
  });
  // From here on the address does not answer, whatever the pod's state says.
  const silentMs = Math.min(pod.appEndedAtMs ?? Infinity, pod.proxyEndedAtMs ?? Infinity);
  const part = (pod.proxyEndedAtMs ?? Infinity) <= (pod.appEndedAtMs ?? Infinity) ? 'Envoy' : 'application';
  if (silentMs < Infinity) {
    const goneMs = pod.changes.find(({ state }) => state === 'gone')?.atMs ?? endMs;
    const alive = segments.flatMap((segment) =>
      segment.fromMs >= silentMs ? [] : [{ ...segment, toMs: Math.min(segment.toMs, silentMs) }],
    );
    const silent = { fromMs: silentMs, toMs: goneMs, label: `${part} ended`, colour: 'ended' };
    return { name: shortName(pod), segments: goneMs > silentMs ? [...alive, silent] : alive };
  }
  return { name: shortName(pod), segments };
}

function viewProxies(observation: Observation, result: ScenarioResult, endMs: number): Lane[] {
  const deaf = observation.late.map(({ proxy, fromMs, untilMs }) => ({
    name: `what the ${proxy} hears`,
    segments: [
      {
        fromMs,
        toMs: Math.min(untilMs, endMs),
        label: `nothing of any change for ${seconds(untilMs - fromMs)}`,
        colour: 'deaf',
      },
    ],
  }));
  return [...deaf, ...observation.proxies.map((lane) => viewProxy(lane, observation, result, endMs))];
}

/** One band per version, since one per pod would be unreadable; red where pods of it no longer answer. */
function viewProxy(lane: ProxyLane, { pods }: Observation, { id }: ScenarioResult, endMs: number): Lane {
  const naive = findScenario(id).pod === 'naive';
  const ends = pods.flatMap((pod) => {
    const end = endOf(pod, { naive });
    return end ? [{ name: pod.name, atMs: end.atMs }] : [];
  });
  const segments: Segment[] = lane.changes.flatMap(({ atMs, pods: targets }, index) => {
    const toMs = lane.changes[index + 1]?.atMs ?? lane.endedAtMs ?? endMs;
    const cuts = ends.filter((end) => targets.includes(end.name) && end.atMs > atMs && end.atMs < toMs);
    const times = [...new Set([atMs, ...cuts.map((cut) => cut.atMs), toMs])].sort((a, b) => a - b);
    return times.slice(0, -1).flatMap((fromMs, step) => {
      const until = times[step + 1] ?? toMs;
      return bands(targets, fromMs, pods, ends).map((band, position, all) => ({
        ...band,
        fromMs,
        toMs: until,
        part: { index: position, of: all.length },
      }));
    });
  });
  const own = pods.find((pod) => pod.name === lane.name);
  const name = own ? `sidecar of ${shortName(own)}` : lane.name;
  return { name, segments };
}

function bands(
  targets: string[],
  atMs: number,
  pods: PodLane[],
  ends: { name: string; atMs: number }[],
): Pick<Segment, 'label' | 'colour'>[] {
  if (targets.length === 0) return [{ label: 'sends to nobody', colour: 'starting' }];
  const groups = new Map<string, number>();
  for (const target of targets) {
    const ended = ends.some(({ name, atMs: endMs }) => name === target && endMs <= atMs);
    const version = pods.find(({ name }) => name === target)?.version ?? 'another address';
    const group = ended ? 'ended' : version;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return [...groups]
    .sort()
    .map(([group, n]) =>
      group === 'ended'
        ? { label: `sends to ${n} ended`, colour: 'ended' }
        : { label: `sends to ${group}`, colour: colourOfVersion(group) },
    );
}
