/** Each in a playground of its own, so that one that fails fails alone. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesObject, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { pause, waitFor } from '../../../../scripts/shared/wait.ts';
import type { Quota } from '../../../../scripts/switch/preflight/capacity.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';
import { expectOnlyV1, holdLease, switchAnd } from '../../../support/interfere.ts';

const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeEach(async () => {
  coffee = await startServingShop(naive, { delays: quickDelays });
}, 60_000);
afterEach(async () => {
  try {
    await expectOnlyV1(coffee);
  } finally {
    await coffee.close();
  }
});

describe('a switch that cannot go on leaves v1 serving and nothing behind', () => {
  it('says that the image is missing', async () => {
    const result = await coffee.switchTo('v2', { set: naive, image: 'no-such-thing:9', stepTimeoutMs: 3000 });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result.error).toMatch(
      /^0\/2 pods ready after \d+(\.\d)? s \(pod coffee-shop-v2-\S+: container coffee-shop (ErrImagePull|ImagePullBackOff)/,
    );
    expect(result.message).toBe('v1 still serves all traffic. Once that is fixed: npm run switch -- --to v2');
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
  }, 60_000);

  it('gives way to another operator who is at work', async () => {
    const renewing = new AbortController();
    const renew = (n: number) => holdLease(coffee, `2026-11-23T12:00:00.${String(n).padStart(6, '0')}Z`);
    await renew(0);
    const renewals = (async () => {
      for (let n = 1; !renewing.signal.aborted; n += 1) {
        await pause(100);
        await renew(n);
      }
    })();
    try {
      const result = await coffee.switchTo('v2', { set: naive });
      expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
      expect(result.error).toBe('barista@elsewhere is switching coffee-shop right now; nothing was changed');
    } finally {
      renewing.abort();
      await renewals;
    }
  }, 60_000);

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
      // Of a Deployment its generation: its status may still follow its first pods.
      return objects
        .flat()
        .map(
          ({ metadata: { name, generation, resourceVersion = '' } }) =>
            `${name} ${generation ?? resourceVersion}`,
        );
    };
    await cluster.create<Quota>({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', namespace: 'default' },
      spec: { hard: { [name]: hard } },
    });
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
  });
});
