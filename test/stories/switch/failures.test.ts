import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  DestinationRule,
  KubernetesObject,
  Pod,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { runSwitch, silentReporter, type SwitchResult } from '../../../scripts/switch/index.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { expectOnlyV1, subsetNames, switchAnd } from '../../support/interfere.ts';

const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(naive, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());
afterEach(() => expectOnlyV1(coffee));

/** Lets everybody drink v1 again, as a GitOps controller does that knows nothing of the switch. */
const putBack = (original: VirtualService | undefined) => () =>
  coffee.cluster.patch(resources.virtualServices, 'coffee-shop', { spec: { http: original?.spec.http } });
const routes = () => coffee.cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
describe('a switch that cannot go on leaves v1 serving and nothing behind', () => {
  it('deletes nothing when somebody else has put the route back while it waited for quiet', async () => {
    const original = await routes();
    const result = await switchAnd(coffee, 'drain-old', putBack(original));
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
    expect(result.steps.at(-1)?.name).toBe('remove-subset');
    expect(result.error).toMatch(
      /^VirtualService coffee-shop was changed by somebody else during the switch:\n.*\n {3}\+ {11}subset: v1/s,
    );
    expect(await subsetNames(coffee)).toEqual(['v1', 'v2']);
    const next = await coffee.switchTo('v2', { set: naive, undo: true });
    expect(next).toMatchObject({ ok: true, outcome: 'undone', live: 'v1' });
  }, 60_000);

  it('keeps the old version’s pods when somebody else has put the route back at the last moment', async () => {
    const { cluster } = coffee;
    const original = await routes();
    const before = await cluster.list<Pod>(resources.pods, { labelSelector: 'version=v1' });
    const result = await switchAnd(coffee, 'remove-subset', putBack(original));
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
    expect(result.error).toContain('VirtualService coffee-shop was changed by somebody else');
    const next = await coffee.switchTo('v2', { set: naive, undo: true });
    expect(next).toMatchObject({ ok: true, outcome: 'undone', live: 'v1' });
    const after = await cluster.list<Pod>(resources.pods, { labelSelector: 'version=v1' });
    const uidsOf = (pods: Pod[]) => pods.map(({ metadata }) => metadata.uid).sort();
    expect(uidsOf(after)).toEqual(uidsOf(before));
  }, 60_000);

  it('names the edit, and no proxy, when the traffic it has led back never becomes quiet; loses nothing', async () => {
    const original = await routes();
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await switchAnd(coffee, 'drain-old', putBack(original), { stepTimeoutMs: 4000 });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
    expect(result?.steps.at(-1)?.name).toBe('drain-old');
    expect(result?.error).toMatch(/^VirtualService coffee-shop was changed by somebody else/);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    const next = await coffee.switchTo('v2', { set: naive, undo: true });
    expect(next).toMatchObject({ ok: true, outcome: 'undone', live: 'v1' });
  }, 60_000);

  it('stops with the difference when somebody else edits the subsets meanwhile, and leaves the edit', async () => {
    const { cluster } = coffee;
    const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
    const trafficPolicy = { loadBalancer: { simple: 'ROUND_ROBIN' } };
    const edit = () => cluster.patch(resources.destinationRules, 'coffee-shop', { spec: { trafficPolicy } });
    const result = await switchAnd(coffee, 'drain-old', edit);
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v2' });
    expect(result.error).toMatch(
      /^DestinationRule coffee-shop was changed by somebody else.*\+.*ROUND_ROBIN/s,
    );
    const next = await coffee.switchTo('v2', { set: naive, undo: true });
    expect(next).toMatchObject({ ok: true, outcome: 'undone', live: 'v1' });
    const after = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
    expect(after?.spec.trafficPolicy).toMatchObject(trafficPolicy);
    await cluster.patch(resources.destinationRules, 'coffee-shop', {
      spec: { trafficPolicy: rule?.spec.trafficPolicy ?? null },
    });
  }, 60_000);

  it('tells at once what a gateway rejects, names it at the deadline, and loses nothing', async () => {
    const { cluster } = coffee;
    const tea = (kind: string, spec: object): KubernetesObject => ({
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: { name: 'tea-shop', namespace: 'default' },
      spec,
    });
    const port = { number: 80, name: 'http', protocol: 'HTTP' };
    await cluster.create(
      tea('Gateway', { selector: { istio: 'ingressgateway' }, servers: [{ port, hosts: ['tea.example'] }] }),
    );
    // Somebody else's route on the same gateway, with a pattern that is none for Envoy: it takes no route of that port any more.
    const match = [{ uri: { regex: '/(?=tea)' } }];
    await cluster.create(
      tea('VirtualService', {
        hosts: ['tea.example'],
        gateways: ['tea-shop'],
        http: [{ match, directResponse: { status: 404 } }],
      }),
    );
    const mend = () => cluster.delete(resources.virtualServices, 'tea-shop');
    const said: string[] = [];
    let mended: Promise<unknown> = Promise.resolve();
    const reporter = {
      ...silentReporter,
      progress: (text: string) => void said.push(text),
      stepStarted: (_title: string, name: string) => {
        if (name === 'undo-shift-traffic') mended = mend();
      },
    };
    const options = { cluster, app: 'coffee-shop', to: 'v2', clusterFile: `${root}/istio/cluster.yaml` };
    let result: SwitchResult | undefined;
    try {
      const account = await coffee.underLoad(async () => {
        result = await runSwitch({ ...options, set: naive, stepTimeoutMs: 6000 }, reporter);
      });
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(Object.keys(account.byVersion)).toEqual(['v1']);
    } finally {
      await mended;
      await mend();
      await cluster.delete(resources.gateways, 'tea-shop');
    }
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    const rejected = 'it rejected its configuration: RouteConfiguration: invalid perl operator: (?=';
    expect(result?.error).toMatch(
      /^1 of 5 proxies did not show the new route within 6 s: istio-ingressgateway-\S+\.istio-system \(/,
    );
    expect(result?.error).toContain(rejected);
    const told = said.filter((text) => text.endsWith(rejected));
    expect(told).toContainEqual(
      expect.stringMatching(/^4\/5 proxies, waiting for istio-ingressgateway-\S+\.istio-system: /),
    );
  }, 60_000);
});
