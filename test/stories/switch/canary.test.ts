import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { runSwitch, silentReporter, type SwitchResult } from '../../../scripts/switch/index.ts';
import { promote } from '../../../scripts/switch/canary/promote.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(
    { pod: 'naive', version: 'v2', live: 'v2', subsets: 'v2' },
    { delays: quickDelays },
  );
}, 60_000);
afterAll(() => coffee.close());

/** How many answers of v3 the evidence speaks of. */
const oldAnswers = (text = '') => Number(/v3 \d+ of (\d+)/.exec(text)?.[1]);

describe('a switch in shares', () => {
  it('holds a share until a person says yes to it, and takes no yes for another share', async () => {
    const { cluster } = coffee;
    await expect(promote(cluster, 'coffee-shop')).rejects.toThrow('No switch of coffee-shop is under way');
    let result: SwitchResult | undefined;
    const yes: string[] = [];
    await coffee.underLoad(async () => {
      const done = coffee.switchTo('v3', { set: { pod: 'naive' }, canary: [20, 50], hold: true });
      let held = 0;
      const saysYesAt = async (share: number) => {
        await waitFor(
          async () =>
            (await readStatus(cluster, 'coffee-shop')).live.find(({ version }) => version === 'v3')
              ?.weight === share,
          { deadlineMs: 30_000, what: `${share} %` },
        );
        held += 1;
        yes.push(await promote(cluster, 'coffee-shop'));
      };
      await saysYesAt(20);
      await saysYesAt(50);
      expect(held).toBe(2);
      result = await done;
    });
    expect(yes).toEqual([
      "v3 may have more than 20 % of coffee-shop's traffic.",
      "v3 may have more than 50 % of coffee-shop's traffic.",
    ]);
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v3' });
  }, 60_000);

  it('takes a version back that answers well but late, in two samples, and shows the numbers', async () => {
    coffee.playground.registerImage('slow-shop', [
      process.execPath,
      `${root}/test/support/programs/slow-shop.mjs`,
    ]);
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await coffee.switchTo('v4', {
        set: { pod: 'naive' },
        image: 'slow-shop:1',
        canary: [20, 50],
      });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v3' });
    expect(result?.error).toMatch(
      /^v4 is slower than v3: (\d+) of \1 slower than \d+ ms, v3 \d+ of \d+ \(by chance .*, and so it was in the sample before\)$/,
    );
    expect(result?.steps.map(({ name }) => name)).not.toContain('canary-50');
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 60_000);

  it('sees a version turn bad while it is held, and takes it back', async () => {
    coffee.playground.registerImage('turning-shop', [
      process.execPath,
      `${root}/test/support/programs/turning-shop.mjs`,
    ]);
    let result: (SwitchResult & { said: string[] }) | undefined;
    await coffee.underLoad(async () => {
      result = await coffee.switchTo('v4', {
        set: { pod: 'naive' },
        image: 'turning-shop:1',
        canary: [20],
        hold: true,
      });
    });
    expect(result?.said.some((text) => text.startsWith('held: v4 0 errors of '))).toBe(true);
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v3' });
    expect(result?.error).toMatch(/^v4 is worse than v3: v4 \d+ errors of \d+, v3 0 of \d+/);
  }, 60_000);

  it('goes on holding while a caller’s proxy and istiod begin anew, and has lost no evidence by it', async () => {
    const { cluster, playground } = coffee;
    const said: string[] = [];
    let result: SwitchResult | undefined;
    const clusterFile = `${root}/istio/cluster.yaml`;
    await coffee.underLoad(async () => {
      const held = () => said.filter((text) => text.startsWith('held: '));
      const running = runSwitch(
        {
          cluster,
          app: 'coffee-shop',
          to: 'v4',
          clusterFile,
          set: { pod: 'naive' },
          canary: [50],
          hold: true,
        },
        { ...silentReporter, progress: (text) => void said.push(text) },
      );
      await waitFor(() => held().length > 0, { deadlineMs: 30_000, what: 'the hold' });
      const before = oldAnswers(held().at(-1));
      // The gateway's counters begin anew; for a while there is nobody to tell who is in the mesh.
      await Promise.all([playground.crash('gateway'), playground.crash('istiod', { forMs: 6000 })]);
      const told = held().length;
      await waitFor(() => held().length > told + 1, { deadlineMs: 30_000, what: 'the hold to go on' });
      expect(oldAnswers(held().at(-1))).toBeGreaterThan(before);
      await promote(cluster, 'coffee-shop');
      result = await running;
    });
    expect(said.some((text) => /istiod/.test(text))).toBe(true);
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v4' });
  }, 90_000);

  it('judges by no comparison with an old version that hardly anybody uses', async () => {
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await coffee.switchTo('v5', { set: { pod: 'naive' }, canary: [99], stepTimeoutMs: 4000 });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v4' });
    expect(result?.error).toMatch(
      /^waited 4 s for enough traffic to judge v5 by \(\d+ of 20 answers of v4\)$/,
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 60_000);

  it('takes everything back when there is too little traffic to judge by', async () => {
    const result = await coffee.switchTo('v5', { set: { pod: 'naive' }, canary: [10], stepTimeoutMs: 3000 });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v4' });
    expect(result.error).toBe('waited 3 s for enough traffic to judge v5 by (0 of 100 answers of v5)');
  }, 60_000);
});
