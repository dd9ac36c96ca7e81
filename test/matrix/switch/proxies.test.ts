/** Proxies that are slow, cannot be asked, come, go and restart while a switch runs. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { isReady, type KubernetesObject, type Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import type { SwitchResult } from '../../../scripts/switch/index.ts';
import { only, settings, standing } from './quick-coffee.ts';
import { useWeather } from './weather.ts';

const weather = useWeather();
const NAME = 'caller';

/** A pod that does nothing; what matters is its sidecar. */
async function startCaller(): Promise<void> {
  const { cluster } = weather.coffee;
  const image = weather.image(NAME, 'setInterval(()=>{},1e6)');
  await cluster.create<KubernetesObject>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, labels: { app: NAME, 'sidecar.istio.io/inject': 'true' } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: NAME, image }] },
  });
  await waitFor(
    async () => {
      const pod = await cluster.get<Pod>(resources.pods, NAME);
      return pod !== undefined && isReady(pod);
    },
    { deadlineMs: 20_000, what: `${NAME} to be ready` },
  );
}
async function endCaller(): Promise<void> {
  const { cluster } = weather.coffee;
  await cluster.delete(resources.pods, NAME);
  await waitFor(async () => (await cluster.get(resources.pods, NAME)) === undefined, {
    deadlineMs: 20_000,
    what: `${NAME} to be gone`,
  });
}
afterEach(endCaller);

/** Orders from within the mesh, one after another through the caller's sidecar, until stopped. */
function orderFromCaller() {
  const forward = weather.coffee.cluster.forward('default', NAME, 15001);
  const account = { sent: 0, ok: 0, byVersion: new Set<string>(), lost: [] as string[] };
  const over = new AbortController();
  const run = (async () => {
    while (!over.signal.aborted) {
      account.sent += 1;
      try {
        const { status, headers } = await forward.request('http://coffee-shop:8080/orders', {
          method: 'POST',
          headers: { host: 'coffee-shop:8080' },
        });
        if (status < 400) account.ok += 1;
        else account.lost.push(String(status));
        account.byVersion.add(String(headers['x-version']));
      } catch (error) {
        account.lost.push(String(error));
      }
    }
  })();
  return async () => {
    over.abort();
    await run;
    forward.close();
    return account;
  };
}

const proxiesIn = ({ steps }: SwitchResult) =>
  Object.fromEntries(steps.filter(({ proxies }) => proxies > 0).map(({ name, proxies }) => [name, proxies]));

describe('proxies', () => {
  it('that are slow to answer are waited for', async () => {
    weather.coffee.onRequest = ({ path }) => (path.endsWith('portforward') ? { delayMs: 700 } : undefined);
    await weather.expectSwitched(await weather.switchWhile({}, { stepTimeoutMs: 30_000 }));
  });

  it('that run and answer nobody are named, and nothing moves', async () => {
    await startCaller();
    const agent = weather.coffee.cluster.forward('default', NAME, 15020);
    // The proxy is gone, and neither the kubelet nor istiod has noticed.
    expect(await agent.request('/quitquitquit', { method: 'POST' }).catch(() => 'gone')).toBeDefined();
    agent.close();
    const told = await weather.switchWhile(
      // Restarted, so that the way back can be proven.
      { 'undo-add-subset': () => weather.coffee.playground.crash(NAME) },
      { stepTimeoutMs: 8000 },
    );
    await weather.expectUndone(told, /1 of 4 proxies did not show .*: caller\.default \(cannot be asked: /);
  });

  it('that may not be asked are named, and nothing moves; a way back that is not proven either is the next run’s', async () => {
    await startCaller();
    const { coffee, from, to } = weather;
    const body = { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message: 'not you' };
    coffee.onRequest = ({ path }) =>
      path.includes(`/pods/${NAME}/`) ? { answer: { code: 403, body } } : undefined;
    const { result, account } = await weather.switchWhile({}, { stepTimeoutMs: 8000 });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: from });
    expect(result.error).toMatch(
      /1 of 4 proxies did not show .*: caller\.default \(cannot be asked: .*not you/,
    );
    expect(result.message).toMatch(
      new RegExp(`Rolling back stopped too: .*caller.default.* ${from} serves all traffic. Go on with: `),
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(Object.keys(account.byVersion)).toEqual([from]);
    coffee.onRequest = undefined;
    expect(await coffee.switchTo(to, { ...settings, undo: true })).toMatchObject({ ok: true, live: from });
    expect(await standing(coffee)).toEqual(only(from));
  });

  it('that are born in the middle are proven too', async () => {
    const told = await weather.switchWhile({
      'add-subset': async () => {
        weather.coffee.playground.freeze('gateway', { forMs: 5000 });
        await startCaller();
      },
    });
    await weather.expectSwitched(told);
    expect(proxiesIn(told.result)).toMatchObject({ 'add-subset': 4, 'shift-traffic': 4, 'drain-old': 4 });
  });

  it('that go in the middle no longer count', async () => {
    await startCaller();
    const told = await weather.switchWhile({
      'add-subset': async () => {
        weather.coffee.playground.freeze('gateway', { forMs: 4000 });
        await endCaller();
      },
    });
    await weather.expectSwitched(told);
    expect(proxiesIn(told.result)).toMatchObject({ 'add-subset': 3, 'shift-traffic': 3, 'drain-old': 3 });
  });

  it.each(['add-subset', 'shift-traffic', 'drain-old', 'remove-subset'])(
    'that restart in %s have everything to prove again',
    async (step) => {
      await startCaller();
      const told = await weather.switchWhile({
        [step]: async () => {
          weather.coffee.playground.freeze('gateway', { forMs: 2000 });
          await weather.coffee.playground.crash(NAME);
        },
      });
      await weather.expectSwitched(told);
      const pod = await weather.coffee.cluster.get<Pod>(resources.pods, NAME);
      const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
      const proxy = [...initContainerStatuses, ...containerStatuses].find(
        ({ name }) => name === 'istio-proxy',
      );
      expect(proxy?.restartCount).toBe(1);
      expect(proxiesIn(told.result)).toMatchObject({ [step]: 4 });
    },
  );
});

describe('the gateway', () => {
  it.each(['add-subset', 'shift-traffic', 'drain-old', 'remove-subset'])(
    'that restarts in %s has everything to prove again, and no caller gets a wrong answer',
    async (step) => {
      await startCaller();
      const { coffee, to } = weather;
      const stop = orderFromCaller();
      const { result, account } = await weather.switchWhile(
        {
          [step]: () => {
            // The step lasts until the gateway is there again, or it would end without it.
            coffee.playground.freeze(NAME, { forMs: 3000 });
            return coffee.playground.crash('gateway', { forMs: 1000 });
          },
        },
        { stepTimeoutMs: 20_000 },
      );
      const inside = await stop();
      expect({ ok: result.ok, why: result.error }).toEqual({ ok: true, why: undefined });
      expect(result.message).toContain(`${to} serves all traffic`);
      expect(await standing(coffee)).toEqual(only(to));
      // Counters are not configuration: nothing there waits for the frozen one.
      if (step !== 'drain-old') expect(proxiesIn(result)).toMatchObject({ [step]: 4 });
      // Nobody listened for a second: that is the one gateway's own end. Whoever got through got an answer.
      expect(Object.keys(account.byStatus)).toEqual(['200']);
      expect(account.byError).toMatchObject({ timeout: 0, truncated: 0 });
      expect(account.lost).toBeGreaterThan(0);
      expect(account.longestGapMs).toBeLessThan(5000);
      // Callers within the mesh do not need it.
      expect(inside.lost).toEqual([]);
      expect(inside.byVersion).toEqual(new Set(['v1', 'v2']));
    },
  );
});
