/**
 * Virtual time: a queue of events. Nothing takes real time, and
 * nothing happens but in the order of the queue.
 */
export interface Timeline {
  /** Milliseconds since the beginning of the simulation. */
  now(): number;
  /**
   * Lets `happen` run once in `ms` milliseconds. Events of the same
   * moment run in the order they were planned.
   */
  after(ms: number, happen: () => void): () => void;
  /** Said by an event that settled a promise: whoever awaits it goes on before the next event. */
  wake(): void;
  /** Runs events until `isOver`. Throws when nothing is left to happen, or too much happens. */
  run(isOver: () => boolean): Promise<void>;
}

/** A simulation with more events is caught in a loop. */
const MOST_EVENTS = 1_000_000;

interface Event {
  at: number;
  order: number;
  happen: (() => void) | undefined;
}

export function createTimeline(): Timeline {
  const queue: Event[] = [];
  let now = 0;
  let order = 0;
  let events = 0;
  let isAwaited = true;

  return {
    now: () => now,
    after(ms, happen) {
      const event: Event = { at: now + Math.max(0, ms), order: (order += 1), happen };
      push(queue, event);
      return () => {
        event.happen = undefined;
      };
    },
    wake() {
      isAwaited = true;
    },
    async run(isOver) {
      for (;;) {
        if (isAwaited) {
          isAwaited = false;
          await settled();
        }
        if (isOver()) return;
        const event = pop(queue);
        if (event === undefined) throw new Error(`nothing is left to happen at ${Math.round(now)} ms`);
        if (event.happen === undefined) continue;
        if ((events += 1) > MOST_EVENTS) throw new Error(`${MOST_EVENTS} events, and no end`);
        now = event.at;
        event.happen();
      }
    },
  };
}

/**
 * Every promise that can go on has gone on: asked for within a microtask, Node runs the next tick when none
 * is left. A turn of its event loop would say as much, and take longer.
 * https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick
 */
function settled(): Promise<void> {
  return Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)));
}

const isBefore = (one: Event, other: Event) =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** A binary heap, its first event on top. */
function push(heap: Event[], event: Event): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    let child = heap[below];
    if (child === undefined) break;
    const right = heap[below + 1];
    if (right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (!isBefore(child, last)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = last;
  return first;
}
