import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubernetesObject, Lease, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { pause, waitFor } from '../../../../scripts/shared/wait.ts';
import type { Quota } from '../../../../scripts/switch/preflight/capacity.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';
import { expectOnlyV1, switchAnd } from '../../../support/interfere.ts';

const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(naive, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());
afterEach(() => expectOnlyV1(coffee));

describe('a switch that cannot go on leaves v1 serving and nothing behind', () => {
  it('says that the image is missing', async () => {
    const result = await coffee.switchTo('v2', { set: naive, image: 'no-such-thing:9', stepTimeoutMs: 3000 });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result.error).toMatch(
      /^0\/2 pods ready after \d+(\.\d)? s \(pod coffee-shop-v2-\S+: container coffee-shop (ErrImagePull|ImagePullBackOff)/,
    );
    expect(result.message).toBe(
      'v1 still serves all traffic. When that is mended: npm run switch -- --to v2',
    );
  }, 30_000);

  it('takes a cluster file without the set for wrong usage', async () => {
    const wrong = coffee.switchTo('v2', { clusterFile: `${root}/k8s/cluster.yaml` });
    await expect(wrong).rejects.toThrow('No resource set is named "version"');
    await expect(wrong).rejects.toMatchObject({ exitCode: 2 });
  });

  it('stops with the difference when somebody else edits the route meanwhile, and leaves the edit', async () => {
    const { cluster } = coffee;
    const result = await switchAnd(coffee, 'add-subset', () =>
      cluster.patch(resources.virtualServices, 'coffee-shop', {
        spec: { hosts: ['edited.example', 'coffee-shop', '127.0.0.1'] },
      }),
    );
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result.error).toContain(
      'VirtualService coffee-shop was changed by somebody else during the switch:',
    );
    expect(result.error).toContain('+   - edited.example');
    const after = await cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
    expect(after?.spec.hosts).toContain('edited.example');
  }, 30_000);

  it('gives way to another operator who is at work', async () => {
    const { cluster } = coffee;
    const name = 'switch-coffee-shop';
    const renewing = new AbortController();
    const renewals = (async () => {
      for (let n = 0; !renewing.signal.aborted; n += 1) {
        await cluster.patch<Lease>(resources.leases, name, {
          spec: {
            holderIdentity: 'barista@elsewhere',
            renewTime: `2026-11-23T12:00:00.${String(n).padStart(6, '0')}Z`,
          },
        });
        await pause(100);
      }
    })();
    try {
      await pause(50);
      const result = await coffee.switchTo('v2', { set: naive });
      expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
      expect(result.error).toBe('barista@elsewhere is switching coffee-shop right now; nothing was changed');
    } finally {
      renewing.abort();
      await renewals;
      await cluster.patch<Lease>(resources.leases, name, { spec: { holderIdentity: '' } });
    }
  }, 30_000);

  it('refuses a second VirtualService for the same host', async () => {
    const { cluster } = coffee;
    const mine = await cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
    await cluster.create<VirtualService>({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'rival', namespace: 'default' },
      spec: mine?.spec ?? {},
    });
    try {
      const result = await coffee.switchTo('v2', { set: naive });
      expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
      expect(result.error).toMatch(/^VirtualService rival in default routes \S+ too/);
    } finally {
      await cluster.delete(resources.virtualServices, 'rival');
    }
  });

  it.each([
    ['pods', '3', /pods is 2 of 3, and 2 more are needed while both versions run/],
    // With the sidecars that are injected: 2 x (100m + 10m).
    [
      'requests.cpu',
      '410m',
      /requests\.cpu is \d+m of 410m, and 0\.22 more are needed while both versions run/,
    ],
  ])('refuses a quota of %s that has no room for both versions', async (name, hard, numbers) => {
    const { cluster } = coffee;
    const standing = async () => {
      const kinds = [
        resources.virtualServices,
        resources.destinationRules,
        resources.deployments,
        resources.leases,
      ];
      const objects = await Promise.all(kinds.map((kind) => cluster.list<KubernetesObject>(kind)));
      return objects.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`);
    };
    await cluster.create<Quota>({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', namespace: 'default' },
      spec: { hard: { [name]: hard } },
    });
    try {
      await waitFor(
        async () => {
          const quota = await cluster.get<Quota>(resources.resourceQuotas, 'team');
          return quota?.status?.used?.[name] !== undefined;
        },
        { deadlineMs: 10_000, what: 'the quota to be counted' },
      );
      const before = await standing();
      const result = await coffee.switchTo('v2', { set: naive });
      expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
      expect(result.steps.map((step) => step.name)).toEqual(['preflight']);
      expect(result.error).toMatch(
        /^ResourceQuota team has no room for 2 pods of v2: .*Nothing was changed\.$/,
      );
      expect(result.error).toMatch(numbers);
      expect(await standing()).toEqual(before);
    } finally {
      await cluster.delete(resources.resourceQuotas, 'team');
    }
  });

  it('says in a dry run what is worth knowing: who holds the Lease, and what guards or thins out the pods', async () => {
    const { cluster } = coffee;
    const ejecting = (maxEjectionPercent: number | null) =>
      cluster.patch(resources.destinationRules, 'coffee-shop', {
        spec: { trafficPolicy: { outlierDetection: maxEjectionPercent && { maxEjectionPercent } } },
      });
    const held = (holderIdentity: string) =>
      cluster.apply<Lease>(
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: 'switch-coffee-shop', namespace: 'default' },
          spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: '2026-11-23T12:00:00.000000Z' },
        },
        { force: true },
      );
    await held('barista@elsewhere');
    await ejecting(100);
    await cluster.create<KubernetesObject>({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'old', namespace: 'default' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { version: 'v1' } } },
    });
    try {
      const { steps } = await coffee.switchTo('v2', { set: naive, dryRun: true });
      expect(steps.map(({ name }) => name)).toEqual(['preflight']);
      expect(steps[0]?.notes).toEqual([
        'barista@elsewhere holds the Lease switch-coffee-shop, renewed at 2026-11-23T12:00:00.000000Z: a switch stops while it is at work, and takes over 15 s after its end',
        "PodDisruptionBudget old guards only the old pods, not v2's",
        "v1's pods have no preStop hook: the switch keeps requests away from their end, an eviction before it would not",
        "Outlier detection may eject 100 % of v2's pods: a start with errors leaves too few to serve",
      ]);
    } finally {
      await cluster.delete(resources.podDisruptionBudgets, 'old');
      await ejecting(null);
      await held('');
    }
  });
});
