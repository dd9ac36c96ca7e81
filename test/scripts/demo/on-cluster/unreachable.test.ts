import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CoreV1Api, KubeConfig, V1NodeAddress } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { startLoadInCluster } from '../../../../scripts/demo/on-cluster/load-in-cluster.ts';
import { demoSelector } from '../../../../scripts/demo/on-cluster/options.ts';
import { placeOnCluster } from '../../../../scripts/demo/on-cluster/place-on-cluster.ts';
import { hasPort, lookAt, withPortOf } from '../../../../scripts/demo/on-cluster/reach.ts';
import { runScenario } from '../../../../scripts/demo/run-scenario.ts';
import { findScenario, type ScenarioId } from '../../../../scripts/demo/scenarios.ts';
import { quickDefaults } from '../../../../scripts/demo/settings.ts';
import { startPlayground, type Playground } from '../../../support/cluster.ts';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

/** A cluster whose nodes have addresses that lead nowhere from here, as kind's on macOS or any behind a firewall. */
let far: Playground;
let admin: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  far = await startPlayground();
  atEnd(() => far.close());
  admin = await connectCluster({ kubeconfigs: [far.kubeconfig] }, { fieldManager: 'test' });
  atEnd(() => admin.close());
  await admin.patch(
    resources.services,
    'istio-ingressgateway',
    { spec: { type: 'NodePort' } },
    { namespace: 'istio-system' },
  );
});

async function moveNodesTo(address: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(far.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  for (const node of (await core.listNode()).items) {
    const only = Object.assign(new V1NodeAddress(), { type: 'InternalIP', address });
    if (node.status) node.status.addresses = [only];
    await core.replaceNodeStatus({ name: node.metadata?.name ?? '', body: node });
  }
}

/** A short release: what is at stake here is the place. */
const settings = { ...quickDefaults, qps: 50, connections: 5, loadMs: 1_000, warmUpMs: 300, tailMs: 300 };

async function release(id: ScenarioId, options: { address?: string; toolsImage?: string } = {}) {
  const run = { scenario: findScenario(id), weather: 'calm' as const };
  const { signal } = new AbortController();
  const said: string[] = [];
  const place = await placeOnCluster(
    { kubeconfigs: [far.kubeconfig] },
    {
      ...{ runs: [run], image: undefined, gateway: undefined, signal, ...options },
      say: (line) => void said.push(line),
    },
  );
  const nothing = (): void => undefined;
  const watcher = { onStep: nothing, onProgress: nothing, onPlayground: nothing };
  const result = await runScenario({
    run,
    settings,
    startPlayground: place.startPlayground,
    signal,
    watcher,
  });
  return { ...result, said };
}

// Whole releases: seconds on a quiet machine, more on a busy one.
const patienceMs = 150_000;

describe('a cluster whose ports cannot be reached from here', () => {
  it.each(['plain-correct', 'istio-switch'] as const)(
    'has the load of %s inside, and loses nothing of it',
    async (id) => {
      await moveNodesTo('203.0.113.1');
      const { error, verdict, account, said } = await release(id);
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
      expect(account?.url).toMatch(
        id === 'plain-correct' ? /^http:\/\/coffee-shop:8080\// : /istio-system\.svc/,
      );
      expect(await admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
    },
    patienceMs,
  );

  it(
    'is asked at the address that --address names, plain as well as Istio',
    async () => {
      await moveNodesTo('203.0.113.1');
      for (const id of ['plain-correct', 'istio-switch'] as const) {
        const { verdict, account, said } = await release(id, { address: 'http://127.0.0.1' });
        expect({ verdict, said }).toEqual({ verdict: 'kept', said: [] });
        expect(account?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/orders$/);
      }
    },
    patienceMs,
  );

  it(
    'ends at once, with what it said, when the load cannot run there',
    async () => {
      await moveNodesTo('203.0.113.1');
      // A playground runs a command without its image: what is missing then is the program.
      await expect(release('plain-correct', { toolsImage: 'nowhere.example/tools:1' })).rejects.toThrow(
        /gave no account\. .*main\.js.*--address URL.*--tools-image REPO:TAG/,
      );
      expect(await admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
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
