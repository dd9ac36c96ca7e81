import { describe, expect, it } from '@jest/globals';
import { createLiveStage } from '../../../../scripts/demo/live/live-stage.ts';
import { chooseRuns } from '../../../../scripts/demo/scenarios.ts';
import type { LoadProgress } from '../../../../scripts/load/index.ts';
import { lateGateway, run } from '../report/run.ts';

const errors = { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 };
const progress = (elapsedMs: number, v1: number, reset = 0): LoadProgress => ({
  elapsedMs,
  inFlight: 0,
  waiting: 0,
  sent: v1 + reset,
  ok: v1,
  lost: reset,
  byStatus: { '201': v1 },
  byError: { ...errors, reset },
  byVersion: { v1 },
  byPod: {},
  byReason: {},
  news: [{ atMs: elapsedMs - 100, ok: { v1 }, lost: reset > 0 ? { reset } : {} }],
});

describe('the live view', () => {
  it('goes from what is to come over the run on stage to what is done', () => {
    const runs = chooseRuns({
      all: false,
      scenarios: ['istio-rolling-classic', 'istio-switch'],
      weathers: [],
    });
    const [first] = runs;
    if (!first) throw new Error('no run');
    const stage = createLiveStage(runs);
    expect(stage.view()).toMatchObject({ done: [], over: false });
    expect(stage.view().toCome).toHaveLength(2);

    stage.begin(first);
    stage.onStage({
      observation: () => lateGateway,
      steps: () => [{ name: 'rollout', atMs: 100, durationMs: 50 }],
      releaseAtMs: () => 100,
    });
    stage.progress(progress(200, 100));
    stage.progress(progress(300, 180, 5));
    // Due long ago, ended only now.
    stage.progress({ ...progress(300, 180, 5), news: [{ atMs: 100, ok: { v1: 3 }, lost: {} }] });
    const { run: shown, sent, lost, toCome, account, panels } = stage.view();
    expect([sent, lost, toCome.length]).toEqual([185, 5, 1]);
    expect(account).toContainEqual(['lost: reset', '5']);
    expect(panels).toEqual([]);
    expect(shown?.requests.map(({ atMs, outcome, n }) => [atMs, outcome, n])).toEqual([
      [100, 'v1', 103],
      [200, 'v1', 180],
      [200, 'reset', 5],
    ]);
    expect(shown?.steps).toHaveLength(1);
    expect(shown?.pods.length).toBeGreaterThan(0);

    stage.done(run());
    stage.finish();
    expect(stage.view()).toMatchObject({
      run: undefined,
      over: true,
      done: [{ lost: 4, verdict: 'loses, as expected' }],
    });
  });
});
