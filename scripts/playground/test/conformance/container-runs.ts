import { at, list, type Thing } from './objects.ts';
import type { Seen } from './recording.ts';

/** One run of a container, by the times that the kubelet gave it (to the second). */
export interface ContainerRun {
  startedAt: number | undefined;
  finishedAt: number | undefined;
}

/**
 * The runs of a pod's one container, in order, from every look at its status. A status tells of a run late
 * and may leave out a short one's `running`; what it then tells are the run's own times.
 */
export function runsOf(seen: readonly Pick<Seen, 'object'>[]): ContainerRun[] {
  const runs = new Map<string, ContainerRun>();
  const note = (id: unknown, state: unknown): void => {
    if (typeof id !== 'string' || id === '' || typeof state !== 'object' || state === null) return;
    const run = runs.get(id) ?? { startedAt: undefined, finishedAt: undefined };
    run.startedAt = timeAt(state, 'startedAt') ?? run.startedAt;
    run.finishedAt = timeAt(state, 'finishedAt') ?? run.finishedAt;
    runs.set(id, run);
  };
  for (const { object } of seen) {
    const status = statusOf(object);
    const [last, ended, running] = ['lastState.terminated', 'state.terminated', 'state.running'].map(
      (where) => at(status, where),
    );
    note(at(last, 'containerID'), last);
    note(at(ended, 'containerID'), ended);
    note(at(status, 'containerID'), running);
  }
  return [...runs.values()];
}

/** From each run's end to the next one's start, in seconds; undefined where one of the two was never told. */
export function pausesOf(runs: readonly ContainerRun[]): (number | undefined)[] {
  return runs.slice(1).map(({ startedAt }, index) => {
    const before = runs[index]?.finishedAt;
    return startedAt === undefined || before === undefined ? undefined : (startedAt - before) / 1_000;
  });
}

const statusOf = (pod: Thing): unknown => list(pod, 'status.containerStatuses')[0];

function timeAt(state: unknown, field: string): number | undefined {
  const text = at(state, field);
  return typeof text === 'string' ? Date.parse(text) : undefined;
}
