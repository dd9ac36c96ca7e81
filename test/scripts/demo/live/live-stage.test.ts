import { describe, expect, it } from '@jest/globals';
import { createLiveStage, slotBetween } from '../../../../scripts/demo/live/live-stage.ts';
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
});

describe('the live view', () => {
  it('counts what ended between two reports of the load', () => {
    expect(slotBetween(undefined, progress(250, 100))).toEqual({ atMs: 0, ok: { v1: 100 }, lost: {} });
    expect(slotBetween(progress(250, 100), progress(500, 180, 5))).toEqual({
      atMs: 250,
      ok: { v1: 80 },
      lost: { reset: 5 },
    });
  });

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
    const growing = progress(250, 100);
    stage.progress(growing);
    // The load's own objects change; the view must keep what it saw.
    stage.progress(progress(500, 180, 5));
    const { run: shown, sent, lost, toCome } = stage.view();
    expect([sent, lost, toCome.length]).toEqual([185, 5, 1]);
    expect(shown?.requests.map(({ atMs, outcome, n }) => [atMs, outcome, n])).toEqual([
      [0, 'v1', 100],
      [250, 'v1', 80],
      [250, 'reset', 5],
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
