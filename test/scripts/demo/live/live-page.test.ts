import { describe, expect, it } from '@jest/globals';
import { startLiveServer } from '../../../../scripts/demo/live/live-server.ts';
import { createLiveStage } from '../../../../scripts/demo/live/live-stage.ts';
import { chooseRuns } from '../../../../scripts/demo/scenarios.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { chromium, openPage } from '../chromium.ts';
import { lateGateway, run } from '../report/run.ts';

const inChromium = chromium === undefined ? describe.skip : describe;

inChromium(`the live page in Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`, () => {
  it('draws the run on stage, survives a reload, and keeps the end', async () => {
    const runs = chooseRuns({ all: false, scenarios: ['istio-rolling-classic'], weathers: [] });
    const stage = createLiveStage(runs);
    const server = await startLiveServer({ view: () => stage.view() });
    const page = await openPage();
    const sees = async (what: string, expression: string) =>
      waitFor(() => page.evaluate<boolean>(expression), { deadlineMs: 15_000, what });
    try {
      const [first] = runs;
      if (!first) throw new Error('no run');
      stage.begin(first);
      stage.onStage({ observation: () => lateGateway, steps: () => [], releaseAtMs: () => 100 });
      stage.progress({
        ...{ elapsedMs: 5_000, inFlight: 0, waiting: 0, sent: 2_500, ok: 2_493, lost: 7 },
        ...{ byStatus: { '201': 2_493 }, byVersion: { v1: 2_493 }, byPod: {}, byReason: {} },
        byError: { refused: 0, unreachable: 0, reset: 7, closed: 0, truncated: 0, timeout: 0 },
      });
      await page.goTo(server.url);
      const drawn = `document.querySelectorAll('#chart svg').length === 3 && document.body.innerText.includes('7 lost of 2,500')`;
      await sees('the charts', drawn);
      await page.goTo(server.url);
      await sees('the charts after a reload', drawn);

      stage.done(run());
      stage.finish();
      await server.close();
      await sees('the end', `document.querySelector('#title').textContent === 'The comparison is over'`);
      await sees('the result', `document.querySelector('#done').innerText.includes('loses, as expected')`);
      expect(page.complaints).toEqual([]);
    } finally {
      await page.close();
      await server.close().catch(() => undefined);
    }
  }, 90_000);
});
