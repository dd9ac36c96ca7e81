/** What can happen to pods, proxies, istiods and the connection while a switch runs: it goes on, or stops with the traffic on a serving version. */
import net from 'node:net';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Account } from '../../../scripts/load/index.ts';
import { connectCluster } from '../../../scripts/shared/cluster.ts';
import { isReady, type KubernetesObject, type Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../../scripts/switch/index.ts';
import { root } from '../../support/coffee-cluster.ts';
import {
  liveVersion,
  only,
  other,
  settings,
  standing,
  startQuickCoffee,
  type QuickCoffee,
} from './quick-coffee.ts';

let coffee: QuickCoffee;
let from: string;
let to: string;
beforeAll(async () => {
  coffee = await startQuickCoffee();
}, 60_000);
afterAll(() => coffee.close());
beforeEach(async () => {
  from = await liveVersion(coffee);
  to = other(from);
});
afterEach(() => (coffee.onRequest = undefined));

interface Told {
  result: SwitchResult;
  account: Account;
}

/** Switches under load; at the beginning of a step something happens. */
async function switchWhile(
  happening: Record<string, () => unknown>,
  options: Partial<SwitchOptions> = {},
): Promise<Told> {
  let result: SwitchResult | undefined;
  const happened: Promise<unknown>[] = [];
  const account = await coffee.underLoad(
    async () => {
      result = await runSwitch(
        {
          cluster: coffee.cluster,
          app: 'coffee-shop',
          to,
          clusterFile: `${root}/istio/cluster.yaml`,
          ...settings,
          ...options,
        },
        {
          ...silentReporter,
          stepStarted: (_title, name) => void happened.push(Promise.resolve(happening[name]?.())),
        },
      );
      await Promise.all(happened);
    },
    { qps: 50, connections: 10 },
  );
  if (result === undefined) throw new Error('the switch did not run');
  return { result, account };
}

async function expectUndone({ result, account }: Told, why: RegExp): Promise<void> {
  expect(result.error).toMatch(why);
  expect(result).toMatchObject({ ok: false, outcome: 'undone', live: from });
  expect(result.message).toContain(`${from} still serves all traffic`);
  expect(account).toMatchObject({ lost: 0, byReason: {} });
  expect(await standing(coffee)).toEqual(only(from));
}

async function expectSwitched({ result, account }: Told): Promise<void> {
  expect({ ok: result.ok, why: result.error }).toEqual({ ok: true, why: undefined });
  expect(result.message).toContain(`${to} serves all traffic`);
  expect(account).toMatchObject({ lost: 0, byReason: {} });
  expect(await standing(coffee)).toEqual(only(to));
}

function image(name: string, program: string): string {
  coffee.playground.registerImage(name, [
    process.execPath,
    '-e',
    `process.on('SIGTERM',()=>process.exit());${program}`,
  ]);
  return `${name}:1`;
}
/** Answers the probes as told and everything else with 500. */
const server = (ready: string) =>
  `require('http').createServer((q,r)=>{r.statusCode=q.url.startsWith('/health/live')?200:q.url.startsWith('/health/ready')?(${ready}):500;r.setHeader('x-version',process.env.VERSION);r.end()}).listen(8080)`;

describe('a new version', () => {
  it('that crashes again and again is taken back', async () => {
    const told = await switchWhile({}, { image: image('crash', 'process.exit(3)'), stepTimeoutMs: 4000 });
    await expectUndone(told, /0\/1 pods ready after .*(CrashLoopBackOff|exit code 3)/);
  }, 60_000);

  it('that never becomes ready is taken back', async () => {
    const told = await switchWhile({}, { image: image('unready', server('503')), stepTimeoutMs: 4000 });
    await expectUndone(told, /0\/1 pods ready after .*\(pod coffee-shop-v\d-\S+: GET \S+ answered 503\)/);
  }, 60_000);

  it('that is ready and then not is taken back before any traffic reaches it', async () => {
    const told = await switchWhile(
      { 'add-subset': () => coffee.playground.freeze('gateway', { forMs: 6000 }) },
      { image: image('relapse', server('process.uptime()<3?200:503')), stepTimeoutMs: 12_000 },
    );
    await expectUndone(told, /only 0\/1 pods of v\d are ready/);
    expect(Object.keys(told.account.byVersion)).toEqual([from]);
  }, 60_000);

  it('that answers 500 is found by a canary, and taken back with the evidence', async () => {
    const { result, account } = await switchWhile(
      {},
      { image: image('broken', server('200')), canary: [20], stepTimeoutMs: 20_000 },
    );
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: from });
    expect(result.error).toMatch(/is worse than .*: v\d \d+ errors of \d+, v\d 0 of \d+/);
    // What the canary's share met is the price of finding out; nothing else is lost.
    expect(account.lost).toBeGreaterThan(0);
    expect(account.byStatus['500']).toBe(account.lost);
    expect(await standing(coffee)).toEqual(only(from));
  }, 60_000);
});

describe('the old version, with pods that drain', () => {
  const correct = { set: { pod: 'correct', replicas: '1' } };
  const pods = async () =>
    (await coffee.cluster.list<Pod>(resources.pods, { labelSelector: `version=${from}` })).filter(isReady);

  it('is scaled up in the middle: the pods born meanwhile are proven too', async () => {
    // First onto pods that drain; the switch after it is the one that is looked at.
    await expectSwitched(await switchWhile({}, correct));
    [from, to] = [to, from];
    const told = await switchWhile(
      {
        'add-subset': async () => {
          coffee.playground.freeze('gateway', { forMs: 3000 });
          await coffee.cluster.patch(resources.deployments, `coffee-shop-${from}`, { spec: { replicas: 3 } });
        },
      },
      correct,
    );
    await expectSwitched(told);
    expect(told.result.proxies).toBeGreaterThanOrEqual(4);
  }, 90_000);

  it('loses its pod to an eviction in the middle', async () => {
    await coffee.cluster.patch(resources.deployments, `coffee-shop-${from}`, { spec: { replicas: 2 } });
    await waitFor(async () => (await pods()).length === 2, { deadlineMs: 20_000, what: 'two old pods' });
    const told = await switchWhile(
      {
        'add-subset': async () => {
          const [victim] = await pods();
          await coffee.cluster.delete(resources.pods, victim?.metadata.name ?? '');
        },
      },
      correct,
    );
    await expectSwitched(told);
  }, 90_000);
});

describe('proxies', () => {
  it('that cannot be asked are named, and nothing moves', async () => {
    const told = await switchWhile(
      {
        'add-subset': () => {
          coffee.onRequest = ({ path: asked }) =>
            asked.includes('istio-ingressgateway') ? { reset: true } : undefined;
        },
        // Found again, so that the way back can be proven.
        'undo-add-subset': () => (coffee.onRequest = undefined),
      },
      { stepTimeoutMs: 4000 },
    );
    // A forward that is open already goes on; only a new one is cut. Either way is right, and told.
    if (told.result.ok) await expectSwitched(told);
    else await expectUndone(told, /istio-ingressgateway-\S+ \(cannot be asked/);
  }, 60_000);

  it('that are slow to answer are waited for', async () => {
    coffee.onRequest = ({ path: asked }) => (asked.endsWith('portforward') ? { delayMs: 700 } : undefined);
    await expectSwitched(await switchWhile({}));
  }, 60_000);
});

describe('istiod', () => {
  const debugServer = (syncz: unknown, configz: unknown) =>
    `require('http').createServer((q,r)=>r.end(JSON.stringify(q.url.startsWith('/debug/syncz')?${JSON.stringify(syncz)}:${JSON.stringify(configz)}))).listen(15014)`;

  /** One more istiod, which says what it is told to say. */
  async function secondIstiod(name: string, program: string): Promise<void> {
    await coffee.cluster.create<KubernetesObject>({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'istio-system',
        labels: { app: 'istiod', 'sidecar.istio.io/inject': 'false' },
      },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'discovery', image: image(name, program), ports: [{ containerPort: 15014 }] }],
      },
    });
    await waitFor(
      async () => {
        const pod = await coffee.cluster.get<Pod>(resources.pods, name, { namespace: 'istio-system' });
        return pod?.status?.phase === 'Running' && isReady(pod);
      },
      { deadlineMs: 20_000, what: `${name} to run` },
    );
  }
  const removeIstiod = async (name: string) => {
    await coffee.cluster.delete(resources.pods, name, { namespace: 'istio-system' });
    await waitFor(
      async () =>
        (await coffee.cluster.get(resources.pods, name, { namespace: 'istio-system' })) === undefined,
      { deadlineMs: 20_000, what: `${name} to be gone` },
    );
  };

  it('that knows a proxy nobody can ask stops the switch before it begins to move traffic', async () => {
    const ghost = [{ proxy: 'ghost.elsewhere', proxy_type: 'sidecar' }];
    await secondIstiod('istiod-ghost', debugServer(ghost, []));
    const told = await switchWhile(
      { 'undo-add-subset': () => removeIstiod('istiod-ghost') },
      { stepTimeoutMs: 4000 },
    );
    await expectUndone(
      told,
      /ghost\.elsewhere \(cannot be asked: an istiod serves it, but there is no such pod/,
    );
  }, 60_000);

  it('that has not seen the change yet is waited for, and named when time is up', async () => {
    const rule = await coffee.cluster.get(resources.destinationRules, 'coffee-shop');
    await secondIstiod('istiod-late', debugServer([], [rule]));
    const told = await switchWhile(
      { 'undo-add-subset': () => removeIstiod('istiod-late') },
      { stepTimeoutMs: 4000 },
    );
    await expectUndone(told, /istiod-late has not seen this revision of DestinationRule coffee-shop/);
  }, 60_000);

  it('that leaves in the middle no longer counts', async () => {
    await secondIstiod('istiod-leaving', debugServer([], []));
    coffee.playground.freeze('gateway', { forMs: 4000 });
    await expectSwitched(await switchWhile({ 'add-subset': () => removeIstiod('istiod-leaving') }));
  }, 60_000);

  it('that cannot be asked for a while is waited for', async () => {
    let refused = 0;
    coffee.onRequest = ({ path: asked }) => {
      if (!asked.includes('/istiod-') || refused >= 8) return undefined;
      refused += 1;
      return { answer: { code: 503, body: 'restarting' } };
    };
    const { result, account } = await switchWhile({});
    // The preflight asks once: it may say no, and then nothing was touched.
    expect(account).toMatchObject({ lost: 0 });
    expect(result.message).toContain('serves all traffic');
    expect((await standing(coffee)).live).toEqual([result.ok ? to : from]);
  }, 60_000);
});

describe('the connection to the API server', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'switch-relay-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A way to the API server that can be cut. */
  async function startRelay() {
    const { port } = new URL(coffee.playground.server);
    const open = new Set<net.Socket>();
    let isCut = false;
    const relay = net.createServer((socket) => {
      if (isCut) {
        socket.destroy();
        return;
      }
      const further = net.connect(Number(port), '127.0.0.1');
      for (const [one, two] of [
        [socket, further],
        [further, socket],
      ] as const) {
        open.add(one);
        one
          .on('error', () => undefined)
          .on('close', () => {
            open.delete(one);
            two.destroy();
          });
        one.pipe(two);
      }
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port: own } = relay.address() as net.AddressInfo;
    const kubeconfig = path.join(folder, `relay-${own}`);
    writeFileSync(
      kubeconfig,
      readFileSync(coffee.playground.kubeconfig, 'utf8').replaceAll(
        coffee.playground.server,
        `https://127.0.0.1:${own}`,
      ),
    );
    const cluster = await connectCluster(
      { kubeconfigs: [kubeconfig] },
      { fieldManager: 'zero-downtime-switch', timeoutMs: 3000, retryForMs: 4000 },
    );
    return {
      cluster,
      cut(forMs?: number) {
        isCut = true;
        for (const socket of open) socket.destroy();
        if (forMs !== undefined) setTimeout(() => (isCut = false), forMs);
      },
      async close() {
        await cluster.close();
        for (const socket of open) socket.destroy();
        relay.close();
      },
    };
  }
  const full = process.env['MATRIX'] === 'full';
  const steps = full
    ? ['deploy-version', 'add-subset', 'shift-traffic', 'drain-old', 'remove-subset', 'delete-old']
    : ['deploy-version', 'shift-traffic', 'delete-old'];

  it.each(steps)(
    'is lost for a second in %s: the switch goes on',
    async (step) => {
      const relay = await startRelay();
      try {
        const told = await switchWhile(
          { [step]: () => relay.cut(1000) },
          { cluster: relay.cluster, leaseSeconds: 10 },
        );
        await expectSwitched(told);
      } finally {
        await relay.close();
      }
    },
    60_000,
  );

  it.each(steps)(
    'is lost for good in %s: it stops, and the next run from elsewhere ends it',
    async (step) => {
      const relay = await startRelay();
      try {
        const { result, account } = await switchWhile(
          { [step]: () => relay.cut() },
          { cluster: relay.cluster, stepTimeoutMs: 3000, leaseSeconds: 3 },
        );
        expect({ live: result.live, why: result.error, said: result.message }).toMatchObject({
          live: undefined,
        });
        expect(result).toMatchObject({ ok: false, outcome: 'stopped' });
        expect(result.message).toMatch(
          /Who serves cannot be read now; when last seen it was v\d\. Go on with/,
        );
        expect(account).toMatchObject({ lost: 0 });
      } finally {
        await relay.close();
      }
      await expectSwitched(await switchWhile({}));
    },
    60_000,
  );
});
