/** Each in a playground of its own, so that one that fails fails alone. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  DestinationRule,
  KubernetesObject,
  Pod,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { runSwitch, silentReporter, type SwitchResult } from '../../../scripts/switch/index.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { expectOnlyV1, holdLease, subsetNames, switchAnd } from '../../support/interfere.ts';

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
  }, 60_000);

  it('refuses a second VirtualService for the same host', async () => {
    const { cluster } = coffee;
    const mine = await cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
    await cluster.create<VirtualService>({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'rival', namespace: 'default' },
      spec: mine?.spec ?? {},
    });
    const result = await coffee.switchTo('v2', { set: naive });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v1' });
    expect(result.error).toMatch(/^VirtualService rival in default routes \S+ too/);
  });

  it('says in a dry run what is worth knowing: who holds the Lease, and what guards or thins out the pods', async () => {
    const { cluster } = coffee;
    await holdLease(coffee, '2026-11-23T12:00:00.000000Z');
    await cluster.patch(resources.destinationRules, 'coffee-shop', {
      spec: { trafficPolicy: { outlierDetection: { maxEjectionPercent: 100 } } },
    });
    await cluster.create<KubernetesObject>({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'old', namespace: 'default' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { version: 'v1' } } },
    });
    const { steps } = await coffee.switchTo('v2', { set: naive, dryRun: true });
    expect(steps.map(({ name }) => name)).toEqual(['preflight']);
    expect(steps[0]?.notes).toEqual([
      'barista@elsewhere holds the Lease switch-coffee-shop, renewed at 2026-11-23T12:00:00.000000Z: a switch stops while it is at work, and takes over 15 s after its end',
      "PodDisruptionBudget old guards only the old pods, not v2's",
      "v1's pods have no preStop hook: the switch keeps requests away from their end, an eviction before it would not",
      "Outlier detection may eject 100 % of v2's pods: a start with errors leaves too few to serve",
    ]);
  });

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
    // Somebody else's route on the same gateway, with a pattern that
    // is none for Envoy: it takes no route of that port any more.
    const match = [{ uri: { regex: '/(?=tea)' } }];
    await cluster.create(
      tea('VirtualService', {
        hosts: ['tea.example'],
        gateways: ['tea-shop'],
        http: [{ match, directResponse: { status: 404 } }],
      }),
    );
    const said: string[] = [];
    let step = '';
    let mended: Promise<unknown> | undefined;
    const reporter = {
      ...silentReporter,
      stepStarted: (_title: string, name: string) => void (step = name),
      progress(text: string) {
        said.push(text);
        // The route leads back by now: what the gateway takes next is that.
        if (step === 'undo-shift-traffic') mended ??= cluster.delete(resources.virtualServices, 'tea-shop');
      },
    };
    const options = { cluster, app: 'coffee-shop', to: 'v2', clusterFile: `${root}/istio/cluster.yaml` };
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await runSwitch({ ...options, set: naive, stepTimeoutMs: 6000 }, reporter);
    });
    await mended;
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(Object.keys(account.byVersion)).toEqual(['v1']);
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
