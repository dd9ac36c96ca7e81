/** An istiod that goes, comes, is late, or says something else than the other one, while a switch runs. */
import { describe, expect, it } from '@jest/globals';
import { messageOf } from '../../../scripts/shared/errors.ts';
import { isReady, type KubernetesObject, type Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { promote } from '../../../scripts/switch/canary/promote.ts';
import { useWeather } from './weather.ts';

const weather = useWeather();
const namespace = 'istio-system';

/** A second istiod's debug port. Each is the text of an expression; `now` is its age in milliseconds. */
const debugServer = (syncz: string, configz: string) =>
  `const since=Date.now();require('http').createServer((q,r)=>{const now=Date.now()-since;r.end(JSON.stringify(q.url.startsWith('/debug/syncz')?${syncz}:${configz}))}).listen(15014)`;

/** One more istiod, which says what it is told to say. */
async function startSecond(name: string, program: string): Promise<void> {
  const { cluster } = weather.coffee;
  const image = weather.image(name, program);
  await cluster.create<KubernetesObject>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'istiod', 'sidecar.istio.io/inject': 'false' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'discovery', image, ports: [{ containerPort: 15014 }] }],
    },
  });
  await waitFor(
    async () => {
      const pod = await cluster.get<Pod>(resources.pods, name, { namespace });
      return pod?.status?.phase === 'Running' && isReady(pod);
    },
    { deadlineMs: 20_000, what: `${name} to run` },
  );
}
async function endSecond(name: string): Promise<void> {
  const { cluster } = weather.coffee;
  await cluster.delete(resources.pods, name, { namespace });
  await waitFor(async () => (await cluster.get(resources.pods, name, { namespace })) === undefined, {
    deadlineMs: 20_000,
    what: `${name} to be gone`,
  });
}
const ruleNow = () => weather.coffee.cluster.get(resources.destinationRules, 'coffee-shop');

describe('istiod', () => {
  it.each(['deploy-version', 'add-subset', 'shift-traffic', 'drain-old', 'remove-subset', 'delete-old'])(
    'that is replaced by another in %s is waited for',
    async (step) => {
      const { playground } = weather.coffee;
      const told = await weather.switchWhile(
        { [step]: () => playground.crash('istiod', { forMs: 2000 }) },
        { stepTimeoutMs: 20_000 },
      );
      await weather.expectSwitched(told);
    },
  );

  it('that stays away stops the switch, which says so, and the next run ends it', async () => {
    const { playground } = weather.coffee;
    let back: Promise<void> = Promise.resolve();
    const { result, account } = await weather.switchWhile(
      { 'add-subset': () => void (back = playground.crash('istiod', { forMs: 20_000 })) },
      { stepTimeoutMs: 6000 },
    );
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: weather.from });
    expect(result.error).toMatch(/no istiod runs in istio-system/);
    expect(result.message).toContain(`${weather.from} serves all traffic. Go on with: `);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    await back;
    await weather.expectSwitched(await weather.switchWhile({}));
  });

  it('that cannot be asked for a while is waited for', async () => {
    let refused = 0;
    const told = await weather.switchWhile(
      {
        'add-subset': () => {
          weather.coffee.playground.freeze('gateway', { forMs: 2000 });
          weather.coffee.onRequest = ({ path }) => {
            if (!path.includes('/pods/istiod-') || refused >= 8) return undefined;
            refused += 1;
            return { answer: { code: 503, body: 'restarting' } };
          };
        },
      },
      {},
    );
    await weather.expectSwitched(told);
  });
});

describe('istiod, while a share is held', () => {
  it('that is replaced by another, seconds later, is waited for: the yes that comes then is heard', async () => {
    const { playground, cluster } = weather.coffee;
    let yes = '';
    const told = await weather.switchWhile(
      {
        held: async () => {
          await playground.crash('istiod', { forMs: 6000 });
          // Too late for a switch that has given up: that one says why.
          yes = await promote(cluster, 'coffee-shop').catch(messageOf);
        },
      },
      { canary: [50], leastSample: 10, hold: true, stepTimeoutMs: 20_000 },
    );
    await weather.expectSwitched(told);
    expect(yes).toContain(`${weather.to} may have more than 50 %`);
  }, 90_000);
});

describe('two istiods', () => {
  it('of which one knows a proxy that nobody can ask stop the switch before it moves traffic', async () => {
    const ghost = JSON.stringify([{ proxy: 'ghost.elsewhere', proxy_type: 'sidecar' }]);
    await startSecond('istiod-ghost', debugServer(ghost, '[]'));
    const told = await weather.switchWhile(
      { 'undo-add-subset': () => endSecond('istiod-ghost') },
      { stepTimeoutMs: 8000 },
    );
    await weather.expectUndone(
      told,
      /ghost\.elsewhere \(cannot be asked: an istiod serves it, but there is no such pod/,
    );
  });

  it('of which one has not seen the change stop the switch, which names it', async () => {
    await startSecond('istiod-late', debugServer('[]', JSON.stringify([await ruleNow()])));
    const told = await weather.switchWhile(
      { 'undo-add-subset': () => endSecond('istiod-late') },
      { stepTimeoutMs: 8000 },
    );
    await weather.expectUndone(told, /istiod-late has not seen this revision of DestinationRule coffee-shop/);
  });

  it('of which one sees each change seconds later are waited for', async () => {
    const old = JSON.stringify([await ruleNow()]);
    // Long enough for a pod to come up, and then for the proof to have to wait.
    const late = `now<9000?${old}:${old}.map(o=>({...o,metadata:{...o.metadata,generation:1e9}}))`;
    await startSecond('istiod-slow', debugServer('[]', `(${late})`));
    const told = await weather.switchWhile(
      { 'shift-traffic': () => endSecond('istiod-slow') },
      { stepTimeoutMs: 20_000 },
    );
    await weather.expectSwitched(told);
  });

  it('of which one leaves in the middle are one', async () => {
    await startSecond('istiod-leaving', debugServer('[]', '[]'));
    weather.coffee.playground.freeze('gateway', { forMs: 4000 });
    await weather.expectSwitched(
      await weather.switchWhile({ 'add-subset': () => endSecond('istiod-leaving') }),
    );
  });
});
