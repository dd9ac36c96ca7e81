import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoSelector } from '../../../scripts/demo/on-cluster/options.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { startFarCluster, type FarCluster } from '../../support/far-cluster.ts';

let far: FarCluster;
beforeAll(async () => {
  far = await startFarCluster();
}, 60_000);
afterAll(() => far.close());

// Whole releases: seconds on a quiet machine, more on a busy one.
const patienceMs = 150_000;

describe('a cluster whose ports cannot be reached from here', () => {
  it(
    'has the load inside its mesh, and loses nothing of it',
    async () => {
      const { error, verdict, account, said } = await far.release('istio-switch');
      expect(said).toEqual([
        expect.stringMatching(
          /^Cannot be reached from here: http:\/\/203\.0\.113\.1:\d+: .*The load runs inside the cluster, as a Job \(coffee-shop-tools:1\.0\.0\); or name an address with --address URL\.$/,
        ),
      ]);
      expect({ error, verdict, lost: account?.lost }).toEqual({
        error: undefined,
        verdict: 'kept',
        lost: 0,
      });
      expect(Object.keys(account?.byVersion ?? {}).sort()).toEqual(['v1', 'v2']);
      expect(account?.url).toMatch(/istio-system\.svc/);
      expect(await far.admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
    },
    patienceMs,
  );

  it(
    'is asked at the address that --address names, plain as well as Istio',
    async () => {
      for (const id of ['plain-correct', 'istio-switch'] as const) {
        const { verdict, account, said } = await far.release(id, { address: 'http://127.0.0.1' });
        expect({ verdict, said }).toEqual({ verdict: 'kept', said: [] });
        expect(account?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/orders$/);
      }
    },
    patienceMs,
  );
});
