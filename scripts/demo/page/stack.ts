import type { RunView } from './run-view.ts';

export const inSeconds = (ms: number): number => ms / 1000;

export interface Corner {
  /** In seconds. */
  x: number;
  y1: number;
  y2: number;
}

/** The outcomes on top of each other, each as the corners of its steps; what goes on as it was has none. */
export function stack({ requests, outcomes }: RunView): { colour: string; points: Corner[] }[] {
  const slots = new Map<number, { toMs: number; n: Map<string, number> }>();
  for (const { atMs, toMs, outcome, n } of requests) {
    const slot = slots.get(atMs) ?? { toMs, n: new Map<string, number>() };
    slot.n.set(outcome, (slot.n.get(outcome) ?? 0) + n);
    slots.set(atMs, slot);
  }
  const shapes = outcomes.map(({ name, colour }) => ({ name, colour, points: [] as Corner[] }));
  const corner = (points: Corner[], x: number, y1: number, y2: number): void => {
    const last = points.at(-1);
    const goesOn = last === undefined ? y1 === y2 : last.y1 === y1 && last.y2 === y2;
    const isNothing = last !== undefined && last.y1 === last.y2 && y1 === y2;
    if (!goesOn && !isNothing) points.push({ x, y1, y2 });
  };
  const inOrder = [...slots].sort(([a], [b]) => a - b);
  for (const [index, [atMs, { toMs, n }]] of inOrder.entries()) {
    let height = 0;
    for (const { name, points } of shapes) {
      const top = height + (n.get(name) ?? 0);
      corner(points, inSeconds(atMs), height, top);
      // Where no slot follows at once, the step ends.
      if ((inOrder[index + 1]?.[0] ?? Infinity) > toMs) corner(points, inSeconds(toMs), 0, 0);
      height = top;
    }
  }
  return shapes;
}
