import { describe, expect, it } from '@jest/globals';
import type { RunView } from '../../../../scripts/demo/page/run-view.ts';
import { stack } from '../../../../scripts/demo/page/stack.ts';
import { viewRun } from '../../../../scripts/demo/report/run-view.ts';
import { run } from './run.ts';

const drawn = (requests: RunView['requests']) => {
  const view = viewRun(run());
  if (!view) throw new Error('no view');
  const outcomes = [
    { name: 'v1', colour: 'v1', lost: false },
    { name: '503', colour: 'ended', lost: true },
  ];
  return stack({ ...view, requests, outcomes });
};
const slot = (at: number, outcome: string, n: number, toMs = at + 100) => ({ atMs: at, toMs, outcome, n });

describe('the shape of the requests', () => {
  it('has a corner where something changes, and the losses stand on what was answered', () => {
    const [v1, lost] = drawn([
      ...[0, 100, 200].map((at) => slot(at, 'v1', 50)),
      slot(300, '503', 10),
      slot(300, 'v1', 40),
      slot(400, 'v1', 50),
    ]);
    expect(v1?.points).toEqual([
      { x: 0, y1: 0, y2: 50 },
      { x: 0.3, y1: 0, y2: 40 },
      { x: 0.4, y1: 0, y2: 50 },
      { x: 0.5, y1: 0, y2: 0 },
    ]);
    expect(lost?.points).toEqual([
      { x: 0.3, y1: 40, y2: 50 },
      { x: 0.4, y1: 50, y2: 50 },
    ]);
  });

  it('is nothing where nothing ended', () => {
    const [v1] = drawn([slot(0, 'v1', 50), slot(300, 'v1', 50)]);
    expect(v1?.points.map(({ x, y2 }) => [x, y2])).toEqual([
      [0, 50],
      [0.1, 0],
      [0.3, 50],
      [0.4, 0],
    ]);
  });
});
