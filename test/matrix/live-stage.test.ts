import { afterEach, describe, expect, it } from '@jest/globals';
import { chromium } from '../scripts/demo/chromium.ts';
import { openStagePage, type StagePage } from '../scripts/demo/live/stage-page.ts';

const inChromium = chromium === undefined ? describe.skip : describe;

let stage: StagePage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

/**
 * A load on a stage that is set for a pod that exits on SIGTERM:
 * whatever is kept is kept by the way of releasing.
 */
async function naiveStage(setting: string): Promise<StagePage> {
  const opened = (stage = await openStagePage());
  const { press, choose, reads } = opened;
  await choose('setting-setting', setting);
  await press('set-stage');
  await reads('said', 'The stage is set: ');
  await choose('load-qps', '200');
  await press('start-load');
  await reads('lost', '0 lost of ');
  return opened;
}

inChromium(
  `a show on the stage${chromium === undefined ? ' (skipped: Chromium is not installed)' : ''}`,
  () => {
    it.each([
      ['run again', 'resume-switch', 'v2 serves', 'Switch: v2 serves; the release took '],
      ['rolled back', 'undo-switch', 'v1 serves', 'Switch: v1 serves again; rolled back after '],
    ])('loses nothing when the switch is killed and %s', async (_how, action, title, said) => {
      const { page, press, choose, reads, text, reason } = await naiveStage('istio-switch');
      await choose('proxies-proxy', 'gateway');
      await press('freeze-proxy');
      await press('release-switch');
      await reads('doing', 'Add subset v2: ');
      await press('kill-switch');
      await reads('events', 'the switch is dead, everything stays as it was');
      expect(await reason('release-script')).toContain('the switch to v2 is half done');
      await press('thaw-proxy');
      await press(action);
      await reads('events', said, 120_000);
      await reads('title', title);
      await press('stop-load');
      await reads('said', 'Load off: 0 of ');
      expect(await text('lost')).toMatch(/^0 lost of [1-9]/);
      expect(page.complaints).toEqual([]);
    });

    it("loses requests by the article's script while the gateway is late, and says who sent where", async () => {
      const { page, press, choose, reads, text } = await naiveStage('istio-switch');
      await choose('proxies-proxy', 'gateway');
      await choose('proxies-seconds', '20');
      await press('delay-proxy');
      await press('release-script');
      await reads('events', 'Requests are being lost (503)');
      await reads('events', 'Script: v2 serves; the release took ');
      await reads('events', 'gateway: hears of changes again');
      await reads('done', 'The gateway still sent to ');
      expect(await text('done')).toMatch(/Script v1 → v2, naive podgateway late/);
      expect(await text('lost')).not.toMatch(/^0 lost/);
      expect(page.complaints).toEqual([]);
    });

    it('loses requests by a rolling update of a naive pod', async () => {
      const { press, reads } = await naiveStage('istio-rolling-naive');
      await press('release-rolling');
      await reads('events', 'Requests are being lost');
      await reads('title', 'v2 serves');
      await reads('events', /* the account of it */ 'Rolling update v1 → v2, naive pod: ');
    });
  },
);
