/** What goes wrong late, or while a run is continued: where the traffic is then, and what is left. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InterruptedError } from '../../../scripts/shared/errors.ts';
import type { Deployment, DestinationRule, VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../../scripts/switch/index.ts';
import { promote } from '../../../scripts/switch/canary/promote.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

const set = { pod: 'naive', replicas: '1' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(set, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

const routes = () => coffee.cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
const subsets = async () => {
  const rule = await coffee.cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  return (rule?.spec.subsets ?? []).map(({ name }) => name).sort();
};
const replicasOf = async (version: string) =>
  (await coffee.cluster.get<Deployment>(resources.deployments, `coffee-shop-${version}`))?.spec.replicas;
const isLiveAt = (version: string, share: number) =>
  waitFor(
    async () =>
      (await readStatus(coffee.cluster, 'coffee-shop')).live.some(
        (one) => one.version === version && one.weight === share,
      ),
    { deadlineMs: 60_000, what: `${version} at ${share} %` },
  );

/**
 * A run that is interrupted when a step begins, or at a share: what a
 * killed one leaves, without the wait for its Lease.
 */
async function stopAt(where: string | number, to: string, more: Partial<SwitchOptions> = {}): Promise<void> {
  const stop = new AbortController();
  const { cluster } = coffee;
  const clusterFile = `${root}/istio/cluster.yaml`;
  const end = () => stop.abort(new InterruptedError('SIGINT'));
  const running = runSwitch(
    { cluster, app: 'coffee-shop', to, clusterFile, set, signal: stop.signal, ...more },
    {
      ...silentReporter,
      stepStarted: (_title, name) => {
        if (name === where) end();
      },
    },
  );
  if (typeof where === 'number') await isLiveAt(to, where).then(end);
  expect(await running).toMatchObject({ ok: false, outcome: 'stopped' });
}
/** With an image that is not there the version's rollout never ends; the pods it has stay. */
async function setImage(version: string, image: string): Promise<void> {
  const name = `coffee-shop-${version}`;
  const found = await coffee.cluster.get<Deployment>(resources.deployments, name);
  const containers = found?.spec.template.spec.containers.map((container) => ({ ...container, image }));
  await coffee.cluster.patch(resources.deployments, name, { spec: { template: { spec: { containers } } } });
}

describe('a run that is continued and fails in its first steps', () => {
  it('a continued run that fails takes back what the one before it had done, shares included, and loses nothing', async () => {
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      await stopAt(20, 'v2', { canary: [20], hold: true });
      await setImage('v2', 'no-such-thing:9');
      result = await coffee.switchTo('v2', { stepTimeoutMs: 4000 });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result?.error).toMatch(
      /pod coffee-shop-v2-\S+: container coffee-shop (ErrImagePull|ImagePullBackOff)/,
    );
    expect(await subsets()).toEqual(['v1']);
    expect(await replicasOf('v2')).toBeUndefined();
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 90_000);

  it('a continued run does not call it undone while the routes lead to the version that is not ready', async () => {
    expect(await coffee.switchTo('v2', { set, keepOld: true })).toMatchObject({ ok: true, live: 'v2' });
    await stopAt('drain-old', 'v1');
    const whole = await coffee.cluster.get<Deployment>(resources.deployments, 'coffee-shop-v1');
    await setImage('v1', 'no-such-thing:9');
    const result = await coffee.switchTo('v1', { stepTimeoutMs: 4000 });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect((await readStatus(coffee.cluster, 'coffee-shop')).live).toEqual([{ version: 'v2', weight: 100 }]);

    await setImage('v1', whole?.spec.template.spec.containers[0]?.image ?? '');
    expect(await coffee.switchTo('v1')).toMatchObject({ ok: true, outcome: 'switched', live: 'v1' });
    expect(await subsets()).toEqual(['v1']);
  }, 90_000);
});

describe('taking a share back', () => {
  it('taking a share back goes on to the end when the old version is gone meanwhile, and forgets nothing that a route names', async () => {
    await coffee.underLoad(() => stopAt(20, 'v2', { canary: [20], hold: true }));
    await coffee.cluster.delete(resources.deployments, 'coffee-shop-v1');
    const result = await coffee.switchTo('v2', { undo: true });
    expect(result).toMatchObject({ ok: false, outcome: 'switched', live: 'v2' });
    expect(result.error).toBe('v1 is deleted already; it cannot take the traffic back');
    expect(await subsets()).toEqual(['v2']);
    expect(await coffee.switchTo('v1', { set })).toMatchObject({ ok: true, live: 'v1' });
  }, 90_000);

  it('taking a share back leaves alone who uses the new version by a route of their own, and comes to its end all the same', async () => {
    const { cluster, playground } = coffee;
    await coffee.apply('istio/cluster.yaml', ['version'], { ...set, version: 'v2' });
    const original = await routes();
    const [main] = original?.spec.http ?? [];
    const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
    await cluster.patch(resources.destinationRules, 'coffee-shop', {
      spec: { subsets: [...(rule?.spec.subsets ?? []), { name: 'v2', labels: { version: 'v2' } }] },
    });
    const beta = {
      name: 'beta',
      match: [{ headers: { 'x-beta': { exact: 'yes' } } }],
      route: [{ destination: { ...main?.route?.[0]?.destination, subset: 'v2' } }],
    };
    await cluster.patch(resources.virtualServices, 'coffee-shop', { spec: { http: [beta, main] } });
    const askBeta = async () => {
      const answer = await fetch(`${playground.gatewayUrl ?? ''}/coffee`, { headers: { 'x-beta': 'yes' } });
      await answer.arrayBuffer();
      return answer.headers.get('x-version');
    };
    await waitFor(async () => (await askBeta()) === 'v2', { deadlineMs: 30_000, what: 'beta to be v2' });

    const answers = new Set<string | null>();
    const over = new AbortController();
    const usage = (async () => {
      while (!over.signal.aborted) answers.add(await askBeta());
    })();
    try {
      await coffee.underLoad(() => stopAt(20, 'v2', { canary: [20], hold: true }));
      const result = await coffee.switchTo('v2', { undo: true, stepTimeoutMs: 8000 });
      expect(result).toMatchObject({ ok: true, outcome: 'undone', live: 'v1' });
    } finally {
      over.abort();
      await usage;
    }
    expect([...answers]).toEqual(['v2']);
    const after = await routes();
    expect(after?.spec.http?.[0]).toEqual(beta);
    await cluster.patch(resources.virtualServices, 'coffee-shop', {
      spec: { http: [after?.spec.http?.[1]] },
    });
    await cluster.patch(resources.destinationRules, 'coffee-shop', { spec: { subsets: rule?.spec.subsets } });
    await cluster.delete(resources.deployments, 'coffee-shop-v2');
  }, 90_000);
});

describe('a share that is held for long', () => {
  it('a share that is held for long is followed by as many pods as the old version has come to have', async () => {
    const { cluster } = coffee;
    let sizes: (number | undefined)[] = [];
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      const clusterFile = `${root}/istio/cluster.yaml`;
      const running = runSwitch(
        { cluster, app: 'coffee-shop', to: 'v2', clusterFile, set, canary: [20], hold: true, keepOld: true },
        silentReporter,
      );
      await isLiveAt('v2', 20);
      await cluster.patch(resources.deployments, 'coffee-shop-v1', { spec: { replicas: 3 } });
      await promote(cluster, 'coffee-shop');
      await isLiveAt('v2', 100);
      sizes = (await readStatus(cluster, 'coffee-shop')).versions
        .filter(({ version }) => version === 'v2')
        .map(({ ready }) => ready);
      result = await running;
    });
    expect(sizes).toEqual([3]);
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 90_000);
});
