import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLoadInCluster } from '../../../../scripts/demo/on-cluster/load-in-cluster.ts';
import { hasPort, lookAt, withPortOf } from '../../../../scripts/demo/on-cluster/reach.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoSelector } from '../../../../scripts/demo/on-cluster/options.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { startFarCluster, type FarCluster } from '../../../support/far-cluster.ts';

let far: FarCluster;
beforeAll(async () => {
  far = await startFarCluster();
}, 60_000);
afterAll(() => far.close());

// Whole releases: seconds on a quiet machine, more on a busy one.
const patienceMs = 150_000;

describe('a cluster whose ports cannot be reached from here', () => {
  it(
    'has the load inside, and loses nothing of it',
    async () => {
      const { error, verdict, account, said } = await far.release('plain-correct');
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
      expect(account?.url).toMatch(/^http:\/\/coffee-shop:8080\//);
      expect(await far.admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
    },
    patienceMs,
  );

  it(
    'ends at once, with what it said, when the load cannot run there',
    async () => {
      // A playground runs a command without its image: what is missing then is the program.
      await expect(far.release('plain-correct', { toolsImage: 'nowhere.example/tools:1' })).rejects.toThrow(
        /gave no account\. .*main\.js.*--address URL.*--tools-image REPO:TAG/,
      );
      expect(await far.admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
    },
    patienceMs,
  );

  it('says what to do when its nodes cannot get the image of the load either', async () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'not found' };
    const pod = {
      ...{ metadata: { name: 'load-1' }, spec: { containers: [] } },
      status: { containerStatuses: [{ name: 'load', state: { waiting } }] },
    };
    const removed: string[] = [];
    const cluster = {
      ...{ namespace: 'demo', create: () => Promise.resolve(), list: () => Promise.resolve([pod]) },
      delete: (_: unknown, name: string) => Promise.resolve(removed.push(name)),
    } as unknown as Cluster;
    const load = { url: 'http://coffee-shop:8080/', qps: 1, connections: 1, longestMs: 1_000 };
    const { signal } = new AbortController();
    await expect(startLoadInCluster(cluster, { ...load, image: 'x/tools:1', signal })).rejects.toThrow(
      /cannot get its image x\/tools:1 \(pod load-1: ImagePullBackOff: not found\).*--tools-image .*--address URL/,
    );
    expect(removed).toEqual([expect.stringMatching(/^load-/)]);
  });
});

describe('an address that is looked at before anything is deployed', () => {
  const { signal } = new AbortController();

  it('is not the cluster when something else answers there already', async () => {
    const other = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      for (const mesh of [true, false]) {
        expect(await lookAt([url], { host: 'x.example', mesh, signal })).toEqual([
          { url, isUsable: false, seen: 'something else answered 404' },
        ]);
      }
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    // Nobody there: so it is with a Service that has no pods yet.
    expect(await lookAt([url], { host: 'x.example', mesh: false, signal })).toEqual([
      { url, isUsable: true, seen: 'ECONNREFUSED' },
    ]);
  });

  it('gets the port of the Service where it names none', () => {
    const found = ['http://lb.example', 'http://10.0.0.1:30123'];
    expect(withPortOf('http://192.0.2.7/', found)).toBe('http://192.0.2.7:30123');
    expect(withPortOf('http://192.0.2.7:8080', found)).toBe('http://192.0.2.7:8080');
    expect(withPortOf('http://192.0.2.7', ['http://lb.example'])).toBe('http://192.0.2.7');
    expect(hasPort('http://192.0.2.7:80/')).toBe(true);
  });
});
