/** Requests that are under way while a switch runs, and a switch that somebody stops. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isReady, type Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { pause, waitFor } from '../../../scripts/shared/wait.ts';
import type { SwitchResult } from '../../../scripts/switch/index.ts';
import {
  liveVersion,
  only,
  other,
  settings,
  standing,
  startQuickCoffee,
  type QuickCoffee,
} from '../../matrix/switch/quick-coffee.ts';
import { startKeepAliveLoad } from '../../../scripts/shared/callers/strict-callers.ts';

let coffee: QuickCoffee;
beforeAll(async () => {
  coffee = await startQuickCoffee();
}, 60_000);
afterAll(() => coffee.close());

describe('what is under way when the traffic is shifted', () => {
  it('traffic moves on the connections that are open: callers keep them and see no error', async () => {
    const from = await liveVersion(coffee);
    const to = other(from);
    const load = startKeepAliveLoad({
      port: Number(new URL(coffee.ordersUrl).port),
      host: '127.0.0.1',
      connections: 10,
      pauseMs: 40,
    });
    await pause(500);
    expect(await coffee.switchTo(to, settings)).toMatchObject({ ok: true, live: to });
    await pause(500);
    const { lost, byKind, byVersion, connectionsOpened } = await load.stop();
    expect({ lost, byKind }).toEqual({ lost: 0, byKind: {} });
    expect(connectionsOpened).toBe(10);
    expect(byVersion[from]).toBeGreaterThan(10);
    expect(byVersion[to]).toBeGreaterThan(10);
  }, 60_000);
});

describe('--keep-old', () => {
  const podsOf = async (version: string) =>
    coffee.cluster.list<Pod>(resources.pods, { labelSelector: `app=coffee-shop,version=${version}` });
  const scale = async (version: string, replicas: number) => {
    await coffee.cluster.patch(resources.deployments, `coffee-shop-${version}`, { spec: { replicas } });
    await waitFor(
      async () => {
        const pods = await podsOf(version);
        return pods.length === replicas && pods.every(isReady);
      },
      { deadlineMs: 20_000, what: `${replicas} ready pods of ${version}` },
    );
  };

  it('the way back puts the old capacity back first: nothing is moved before the old version is as large as what carries the traffic', async () => {
    const from = await liveVersion(coffee);
    const to = other(from);
    await scale(from, 3);
    // Each as large as the one before it, whatever the template says.
    const told = { ...settings, set: { pod: 'naive' } };
    const readyWhenMoved: number[] = [];
    const { cluster } = coffee;
    const seeing: typeof cluster = {
      ...cluster,
      async patch(resource, name, patch, ...rest) {
        // At the end the switch gives up its fields, which moves nothing.
        if (resource === resources.virtualServices && 'spec' in patch)
          readyWhenMoved.push((await podsOf(from)).filter(isReady).length);
        return cluster.patch(resource, name, patch, ...rest);
      },
    };
    let back: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      expect(await coffee.switchTo(to, { ...told, keepOld: true })).toMatchObject({ ok: true, live: to });
      expect(await podsOf(to)).toHaveLength(3);
      await scale(from, 1);
      back = await coffee.switchTo(to, { ...told, cluster: seeing, undo: true });
    });
    expect({ ...back, why: back?.error }).toMatchObject({ ok: true, outcome: 'undone', live: from });
    // Moved, and then given its own names again.
    expect(readyWhenMoved).toEqual([3, 3]);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(await standing(coffee)).toEqual(only(from));
    await scale(from, 1);
  }, 60_000);
});
