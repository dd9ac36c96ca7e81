import { describe, expect, it } from '@jest/globals';
import { startLiveServer } from '../../../../scripts/demo/live/live-server.ts';
import { createLiveStage } from '../../../../scripts/demo/live/live-stage.ts';
import { chooseRuns } from '../../../../scripts/demo/scenarios.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import type { LiveView } from '../../../../scripts/demo/page/live-view.ts';
import { viewRun } from '../../../../scripts/demo/report/run-view.ts';
import { chromium, openPage } from '../chromium.ts';
import { walk, walkTo } from '../keyboard.ts';
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

  it('can be walked through by keyboard while it changes: every control in its order, marked and in sight, and out again', async () => {
    let said = 0;
    const acted: string[] = [];
    const server = await startLiveServer({
      view: () => stageView((said += 1)),
      act: ({ action }) => Promise.resolve(void acted.push(action)),
    });
    const page = await openPage();
    try {
      await page.goTo(server.url);
      const isThere = `document.querySelectorAll('#chart svg').length > 0 && document.querySelectorAll('fieldset').length === 2`;
      await waitFor(() => page.evaluate<boolean>(isThere), { deadlineMs: 15_000, what: 'the page' });
      const there = await walk(page);
      expect(there.map(({ what }) => what)).toEqual([
        'a To what happens',
        ...['input Rate (orders/s)', 'button Start the load', 'button Stop the load'],
        ...['select Which', 'button Freeze it'],
        ...['button Hold the picture', 'summary The charts as tables', 'ol What was done'],
      ]);
      expect(there.filter(({ isMarked, isInSight }) => !isMarked || !isInSight)).toEqual([]);
      expect((await walk(page, { back: true })).map(({ what }) => what)).toEqual(
        there.map(({ what }) => what).toReversed(),
      );

      await walkTo(page, 'button Stop the load');
      const before = said;
      await waitFor(() => said > before + 2, { deadlineMs: 15_000, what: 'the next states' });
      const focused = (): Promise<string> => page.evaluate(`document.activeElement.dataset.action`);
      expect(await focused()).toBe('stop-load');
      // One that cannot act says why, to a screen reader too.
      await page.press('Enter');
      const why = `document.getElementById('said').textContent === 'Stop the load: no load runs'`;
      await waitFor(() => page.evaluate<boolean>(why), { deadlineMs: 15_000, what: 'the reason' });
      await walkTo(page, 'button Freeze it');
      await page.press('Space');
      await waitFor(() => acted.length > 0, { deadlineMs: 15_000, what: 'the action' });
      expect(acted).toEqual(['freeze-proxy']);

      await walkTo(page, 'summary The charts as tables');
      await page.press('Enter');
      const tables = `[...document.querySelectorAll('#tables caption')].length === 4`;
      await waitFor(() => page.evaluate<boolean>(tables), { deadlineMs: 15_000, what: 'the tables' });
      expect(page.complaints).toEqual([]);
    } finally {
      await page.close();
      await server.close();
    }
  }, 90_000);
});

/** A stage with two panels, and more events than its list shows at once; each state is new. */
function stageView(n: number): LiveView {
  const view = viewRun(run());
  if (!view) throw new Error('no run');
  return {
    run: view,
    ...{ title: 'v1 serves', doing: `state ${n}`, sent: n, lost: 0, account: [['sent', String(n)]] },
    events: Array.from({ length: 40 }, (_, id) => ({ id, atMs: id, text: `event ${id}`, tone: 'act' })),
    panels: [
      {
        ...{ id: 'load', title: 'The load' },
        fields: [{ id: 'qps', label: 'Rate', min: 1, max: 9, step: 1, unit: 'orders/s', value: '5' }],
        actions: [
          { id: 'start-load', label: 'Start the load', does: 'orders coffee' },
          { id: 'stop-load', label: 'Stop the load', does: 'ends it', cannot: 'no load runs' },
        ],
      },
      {
        ...{ id: 'proxies', title: 'The proxies' },
        fields: [{ id: 'proxy', label: 'Which', choices: [{ value: 'g', label: 'g' }], value: 'g' }],
        actions: [{ id: 'freeze-proxy', label: 'Freeze it', does: 'it hears of no change', tone: 'harm' }],
      },
    ],
    ...{ done: [], toCome: [], over: false },
  };
}
