import { afterEach, describe, expect, it } from '@jest/globals';
import { chromium } from '../chromium.ts';
import { openStagePage, type StagePage } from './stage-page.ts';

const inChromium = chromium === undefined ? describe.skip : describe;

let stage: StagePage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

inChromium(`the stage in Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`, () => {
  it('waits with the switch for a frozen gateway, survives a reload, and loses nothing when it is thawed', async () => {
    stage = await openStagePage();
    const { page, press, choose, reads, text, reason, url } = stage;
    await reads('title', 'v1 serves');
    expect(await reason('stop-load')).toBe('no load runs');
    expect(await reason('release-rolling')).toContain('needs one Deployment for all versions');
    expect(await reason('kill-switch')).toBe('no switch runs');

    await choose('load-qps', '100');
    await press('start-load');
    await reads('lost', '0 lost of ');
    await choose('proxies-proxy', 'gateway');
    await press('freeze-proxy');
    await press('release-switch');
    await reads('doing', 'Add subset v2: ');
    await reads('doing', 'waiting for istio-ingressgateway');
    expect(await reason('release-script')).toBe('a release is under way');
    expect(await reason('set-stage')).toBe('a release is under way');

    await page.goTo(url);
    await reads('doing', 'Add subset v2: ');
    expect(await page.evaluate(`document.querySelectorAll('#chart svg').length`)).toBe(4);
    expect(await text('events')).toContain('Switch v1 → v2, correct pod');

    await press('thaw-proxy');
    await reads('title', 'v2 serves');
    await reads('said', 'Switch v1 → v2, correct pod: 0 of ');
    expect(await text('lost')).toMatch(/^0 lost of [1-9]/);
    expect(await text('done')).toMatch(/gateway late\d[\d,]*0done in /);

    // Each chart has its table.
    await page.evaluate(`document.getElementById('tables').open = true`);
    await reads('tables', 'answered by v2');
    for (const caption of ['The release', 'Who sends where', 'The pods']) {
      expect(await text('tables')).toContain(caption);
    }
    await press('stop-load');
    await reads('said', 'Load off: 0 of ');
    expect(page.complaints).toEqual([]);
  }, 150_000);
});
