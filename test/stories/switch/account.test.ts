/** What a switch says of itself. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  runSwitch,
  silentReporter,
  type Reporter,
  type SwitchResult,
} from '../../../scripts/switch/index.ts';
import type { StepCost } from '../../../scripts/switch/types.ts';
import { root, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

// The naive pod: exits at SIGTERM. Whatever is not lost here, the proofs kept.
const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(naive);
}, 60_000);
afterAll(() => coffee.close());

describe('the account of a switch', () => {
  it('says of each step what it took and saw, and that there is no way back before the old version is deleted', async () => {
    const { cluster } = coffee;
    const told: string[] = [];
    const costs: StepCost[] = [];
    const reporter: Reporter = {
      ...silentReporter,
      stepStarted(_title, name) {
        told.push(name);
        // It keeps its route for a while, and so the old version its requests.
        if (name === 'shift-traffic') coffee.playground.freeze('gateway', { forMs: 4000 });
      },
      progress: (text) => void told.push(text),
      note: (text) => void told.push(text),
      stepDone: (_detail, cost) => void costs.push(cost),
    };
    const clusterFile = path.join(root, 'istio/cluster.yaml');
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      const options = { cluster, app: 'coffee-shop', to: 'v2', clusterFile, set: naive };
      result = await runSwitch(options, reporter);
    });
    expect(result).toMatchObject({ ok: true, live: 'v2' });
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    const { steps = [], requests = 0, from = '', message } = result ?? {};
    expect(costs).toEqual(steps.map((step) => ({ durationMs: step.durationMs, requests: step.requests })));
    const seen = Object.fromEntries(steps.map((step) => [step.name, step.requests]));
    expect(seen).toMatchObject({ 'add-subset': undefined, 'remove-subset': undefined });
    expect((seen['shift-traffic'] ?? 0) + (seen['drain-old'] ?? 0)).toBe(requests);
    // A second or more of the four at 200 requests/s; and not more than there were.
    expect(requests).toBeGreaterThan(200);
    expect(requests).toBeLessThanOrEqual(account.byVersion[from] ?? 0);
    expect(message).toContain(`, requests seen: ${requests.toLocaleString('en-US')}). To roll back: `);
    // After the last proof, before the first pod ends.
    const deleting = told.slice(told.indexOf('delete-old') + 1).filter((text) => !text.includes(' proxies'));
    expect(deleting[0]).toBe(`point of no return: coffee-shop-${from} is deleted now`);
    expect(deleting[1]).toMatch(/^\d+ pods ending$/);
  }, 60_000);
});
