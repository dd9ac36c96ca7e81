import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { chromium } from '../../scripts/demo/chromium.ts';
import { openStagePage, type StagePage } from '../../scripts/demo/live/stage-page.ts';

const inChromium = chromium === undefined ? describe.skip : describe;

let stage: StagePage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

inChromium(`the stage in Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`, () => {
  it('shows what a pod that is killed costs, and says why a button cannot act', async () => {
    stage = await openStagePage({ mesh: 'none' });
    const { page, press, choose, reads, reason, text } = stage;
    await choose('load-qps', '200');
    await press('start-load');
    // A load that has sent nothing yet can lose nothing.
    let lost = '';
    await waitFor(async () => / of [1-9]/.test((lost = await text('lost'))), {
      ...{ deadlineMs: 60_000, what: 'the first requests', lastSeen: () => lost },
    });
    expect(await reason('release-switch')).toBe('needs the mesh: this playground has none');
    await page.evaluate(`document.querySelector('[data-action="release-switch"]').click()`);
    await reads('said', 'by switch: needs the mesh');
    await press('kill-pod');
    await reads('events', 'its process is killed');
    await reads('events', 'Requests are being lost');
    expect(page.complaints).toEqual([]);
  }, 120_000);
});
