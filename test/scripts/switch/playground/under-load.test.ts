import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../../../../scripts/load/index.ts';
import type {
  Deployment,
  DestinationRule,
  KubernetesObject,
  VirtualService,
} from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { type Prover, type SwitchOptions, type SwitchResult } from '../../../../scripts/switch/index.ts';
import { startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

// The naive pod: exits at SIGTERM. Whatever is not lost here, the proofs kept.
const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(naive);
}, 60_000);
afterAll(() => coffee.close());

async function switchUnderLoad(to: string, options: Partial<SwitchOptions> = {}) {
  let result: (SwitchResult & { said: string[] }) | undefined;
  const account: Account = await coffee.underLoad(async () => {
    result = await coffee.switchTo(to, { set: naive, ...options });
  });
  if (result === undefined) throw new Error('the switch did not run');
  return { result, account };
}

async function standing() {
  const { cluster } = coffee;
  const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  const deployments = await cluster.list<Deployment>(resources.deployments);
  return {
    subsets: rule?.spec.subsets?.map(({ name }) => name),
    deployments: deployments
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith('coffee-shop-')),
  };
}

describe('the switch on a playground, with a pod that exits at SIGTERM', () => {
  it('a switch under load loses nothing, proves every proxy, and leaves only the new version', async () => {
    const { result, account } = await switchUnderLoad('v2');
    expect(result).toMatchObject({
      ok: true,
      outcome: 'switched',
      from: 'v1',
      to: 'v2',
      live: 'v2',
      proxies: 5,
    });
    expect(result.steps.map(({ name }) => name)).toEqual([
      'preflight',
      'deploy-version',
      'add-subset',
      'shift-traffic',
      'drain-old',
      'remove-subset',
      'delete-old',
      'restore-names',
    ]);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    expect(await standing()).toEqual({ subsets: ['v2'], deployments: ['coffee-shop-v2'] });
    // Nor did a proxy try again behind the caller's back, before the switch or after it.
    const routes = await coffee.cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
    expect(routes?.spec.http).toMatchObject([{ retries: { attempts: 0 } }]);
  });

  it('writes nothing when the version serves already', async () => {
    const { cluster } = coffee;
    const versions = async () => {
      const objects = await Promise.all(
        [resources.virtualServices, resources.destinationRules, resources.deployments, resources.leases].map(
          (resource) => cluster.list<KubernetesObject>(resource),
        ),
      );
      return objects
        .flat()
        .map(({ kind, metadata }) => `${kind ?? ''} ${metadata.name} ${metadata.resourceVersion ?? ''}`);
    };
    const before = await versions();
    expect(await coffee.switchTo('v2')).toMatchObject({
      ok: true,
      outcome: 'already-there',
      live: 'v2',
      steps: [],
    });
    expect(await versions()).toEqual(before);
  });

  it('waits for a gateway that is seconds late, names it, and loses nothing', async () => {
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      coffee.playground.freeze('gateway', { forMs: 8000 });
      result = await coffee.switchTo('v3', { set: naive });
    });
    expect(account.lost).toBe(0);
    expect(result).toMatchObject({ ok: true, live: 'v3' });
    const added = result?.steps.find(({ name }) => name === 'add-subset');
    expect(added?.slowest?.proxy).toMatch(/^istio-ingressgateway-.*\.istio-system$/);
    expect(added?.slowest?.ms).toBeGreaterThan(1000);
    expect(result?.message).toMatch(/slowest istio-ingressgateway-/);
  });

  it('stops at its deadline when a gateway never follows, names it, and leaves the traffic where it was', async () => {
    coffee.playground.freeze('gateway');
    try {
      const { result, account } = await switchUnderLoad('v4', { stepTimeoutMs: 4000 });
      expect(account.lost).toBe(0);
      expect(Object.keys(account.byVersion)).toEqual(['v3']);
      expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v3' });
      expect(result.error).toMatch(
        /^1 of 5 proxies did not show subset v4 with its ready pods within 4 s: istio-ingressgateway-\S+\.istio-system \(subset v4 is unknown or still warming/,
      );
      expect(result.message).toBe(
        'v3 still serves all traffic. Once that is fixed: npm run switch -- --to v4',
      );
      expect(await standing()).toEqual({ subsets: ['v3'], deployments: ['coffee-shop-v3'] });
    } finally {
      coffee.playground.thaw('gateway');
    }
  });
});

describe('the negative control', () => {
  it('loses requests when nobody asks the proxies and one of them is 3 s late', async () => {
    const nothing = () => Promise.resolve({ proxies: 0 });
    const prover: Prover = { endpoints: nothing, routes: nothing, quiet: nothing, gone: nothing };
    const account = await coffee.underLoad(async () => {
      coffee.playground.freeze('gateway', { forMs: 10_000 });
      await coffee.switchTo('v5', { set: naive, prover });
    });
    expect(account.lost).toBeGreaterThan(0);
    expect(account.byStatus['503']).toBe(account.lost);
  });
});
