import type { Account } from '../../../load/index.ts';
import type { Observation } from '../../observe/observation.ts';
import type { LiveEvent } from '../../page/live-view.ts';
import type { Lane, RunView } from '../../page/run-view.ts';
import { explain } from '../../report/explain.ts';
import { viewRun } from '../../report/run-view.ts';
import type { ScenarioResult } from '../../result.ts';
import type { Scenario } from '../../scenarios.ts';
import type { Counts } from '../account-rows.ts';
import type { RecentSlots } from '../recent-slots.ts';

/** Longest time span of the charts. */
export const windowMs = 60_000;
/** Shortest time span, so that the first seconds do not race. */
const leastMs = 30_000;

const tooCloseMs = 1_500;

export interface Seen {
  scenario: Scenario;
  counts: Counts;
  slots: RecentSlots;
  observation: Observation;
  steps: Lane[];
  events: LiveEvent[];
  /** The right end of the charts, on the stage's clock. */
  endMs: number;
}

/** The last minute, drawn as the report draws a run. */
export function viewStage(seen: Seen): RunView | undefined {
  const { steps, events, endMs } = seen;
  const view = viewRun(asResult(seen));
  if (!view) return undefined;
  const fromMs = Math.max(0, endMs - windowMs);
  const untilMs = Math.max(endMs, fromMs + leastMs);
  const crop = (lanes: Lane[]): Lane[] => cropLanes(mergeLanes(lanes), fromMs, endMs);
  return {
    ...view,
    ...{ fromMs, endMs: untilMs, releaseMs: { from: 0, to: undefined } },
    requests: view.requests.filter(({ atMs }) => atMs >= fromMs),
    marks: marksOf(events.filter(({ atMs, tone }) => atMs > fromMs && tone !== 'note')),
    steps: crop(steps),
    proxies: crop(view.proxies),
    pods: crop(view.pods),
  };
}

/** Explains the losses between two times: the first sentence of the report's explanation. */
export function explainStage(
  seen: Omit<Seen, 'events' | 'steps'>,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): string {
  const { pods, ...rest } = seen.observation;
  const isPart = (fromAt: number, toAt: number): boolean => toAt >= fromMs && fromAt <= untilMs;
  const observation = {
    ...rest,
    pods: pods.filter(({ changes }) => isPart(changes[0]?.atMs ?? 0, changes.at(-1)?.atMs ?? untilMs)),
    late: rest.late.filter((one) => isPart(one.fromMs, one.untilMs)),
  };
  const result = asResult({ ...seen, observation });
  const losses = seen.slots
    .slots()
    .filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)
    .flatMap(({ atMs, lost }) =>
      Object.keys(lost).map((kind) => ({ dueMs: atMs, sentMs: atMs, endMs: atMs + 100, kind, reason: kind })),
    );
  const { account } = result;
  const [first = ''] = explain({ ...result, account: account && { ...account, losses } }).sentences;
  return first;
}

function asResult({
  scenario,
  counts,
  slots,
  observation,
  endMs,
}: Omit<Seen, 'events' | 'steps'>): ScenarioResult {
  const { id, title, shows } = scenario;
  // A partial account: fields that are known only at the end are not drawn.
  const account = {
    ...counts,
    byReason: {},
    timeline: slots.slots(),
    durationMs: endMs,
  } as unknown as Account;
  return {
    ...{ id, title, shows, weather: 'calm', expected: 'either', verdict: 'open', steps: [] },
    ...{ account, observation, firstCoffeeMs: 0, releaseAtMs: 0, releaseMs: 0 },
  };
}

/**
 * The numbers of the events; of those too close to each other to be
 * read, the first and the last at one place.
 */
function marksOf(events: LiveEvent[]): { atMs: number; text: string }[] {
  const groups: { atMs: number; first: number; last: number; lastMs: number }[] = [];
  for (const { atMs, id } of events) {
    const group = groups.at(-1);
    if (group && atMs - group.lastMs < tooCloseMs) Object.assign(group, { last: id, lastMs: atMs });
    else groups.push({ atMs, first: id, last: id, lastMs: atMs });
  }
  return groups.map(({ atMs, first, last }) => ({
    atMs,
    text: first === last ? String(first) : `${first}–${last}`,
  }));
}

/** One lane per name: a proxy that was late twice has one lane for it. */
function mergeLanes(lanes: Lane[]): Lane[] {
  const merged = new Map<string, Lane>();
  for (const { name, segments } of lanes) {
    const before = merged.get(name)?.segments ?? [];
    merged.set(name, { name, segments: [...before, ...segments] });
  }
  return [...merged.values()];
}

function cropLanes(lanes: Lane[], fromMs: number, untilMs: number): Lane[] {
  return lanes.flatMap(({ name, segments }) => {
    const inside = segments
      .filter((segment) => segment.toMs > fromMs && segment.fromMs < untilMs)
      .map((segment) => ({
        ...segment,
        fromMs: Math.max(segment.fromMs, fromMs),
        toMs: Math.min(segment.toMs, untilMs),
      }));
    return inside.length === 0 ? [] : [{ name, segments: inside }];
  });
}
