/**
 * What a dry run says that each step would change and prove, held against objects that stand in a playground.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Deployment, Pod } from '../../../../scripts/shared/kubernetes.ts';
import { InterruptedError } from '../../../../scripts/shared/errors.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import type { PlannedStep } from '../../../../scripts/switch/types.ts';
import type { Prover, SwitchOptions } from '../../../../scripts/switch/index.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

const naive = { pod: 'naive', replicas: '2' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(naive, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

/** Every kind that a switch writes. */
const written = [
  resources.deployments,
  resources.destinationRules,
  resources.virtualServices,
  resources.horizontalPodAutoscalers,
  resources.leases,
  resources.services,
];
async function revisions() {
  const objects = await Promise.all(written.map((resource) => coffee.cluster.list(resource)));
  return objects.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`);
}

/** The plan, by step; nothing may be written meanwhile. */
async function planFor(to: string, options: Partial<SwitchOptions>) {
  await settled();
  const before = await revisions();
  const result = await coffee.switchTo(to, { dryRun: true, ...options });
  expect(await revisions()).toEqual(before);
  expect(result).toMatchObject({ ok: true, outcome: 'planned' });
  const steps = result.plan ?? [];
  const names = steps.map(({ name }) => name);
  const step = (name: string): PlannedStep => {
    const found = steps.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no step ${name} among ${names.join(', ')}`);
    return found;
  };
  const changesOf = (name: string) => step(name).changes;
  const proofs = Object.fromEntries(steps.map(({ name, proof }) => [name, proof]));
  return { names, changesOf, proofs };
}

/** Until no controller has a status to write any more: every pod that is wanted is there, and no other. */
async function settled() {
  await waitFor(
    async () => {
      const all = await coffee.cluster.list<Deployment & { status?: { terminatingReplicas?: number } }>(
        resources.deployments,
      );
      const pods = await coffee.cluster.list<Pod>(resources.pods, { labelSelector: 'app=coffee-shop' });
      const wanted = all.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
      return (
        pods.length === wanted &&
        all.every(
          ({ spec, status, metadata }) =>
            status?.observedGeneration === metadata.generation &&
            status?.availableReplicas === spec.replicas &&
            status?.replicas === spec.replicas &&
            !status?.terminatingReplicas,
        )
      );
    },
    { deadlineMs: 40_000, what: 'every Deployment to have its pods and no more' },
  );
}

const marked = (lines: string[], mark: '-' | '+') =>
  lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(1).trim());

const proofA = (version: string) =>
  `A: at every proxy ${version}'s cluster is active and its healthy endpoints are its ready pods`;
const proofB = (version: string) =>
  `B: every proxy has this revision of the route, and none names ${version}`;
const namesRestored = (version: string) =>
  `B: every proxy has the routes under their own names, and none names ${version}`;
const proofC = (version: string) => `C: at no proxy a request is active or begins on ${version} for 1 s`;

describe('the plan of a switch', () => {
  it('the plan of a switch has the change and the proof of each step', async () => {
    const { names, changesOf, proofs } = await planFor('v2', { set: naive });
    expect(names).toEqual([
      'deploy-version',
      'add-subset',
      'shift-traffic',
      'drain-old',
      'remove-subset',
      'delete-old',
      'restore-names',
    ]);
    expect(proofs).toEqual({
      'deploy-version': 'rolled out, every pod ready, one request to each pod itself',
      'add-subset': proofA('v2'),
      'shift-traffic': proofB('v1'),
      'drain-old': proofC('v1'),
      'remove-subset': `${proofA('v2')}; then v1's cluster is gone from every proxy`,
      'delete-old': `${proofA('v2')}; then its pods are gone (the point of no return)`,
      'restore-names': namesRestored('v1'),
    });
    const made = changesOf('deploy-version');
    expect(made[0]).toBe('Deployment coffee-shop-v2');
    expect(made).toContain('+   name: coffee-shop-v2');
    expect(marked(made, '-')).toEqual([]);
    expect(changesOf('add-subset')).toEqual([
      'DestinationRule coffee-shop',
      '      version: v1',
      '+ - name: v2',
      '+   labels:',
      '+     version: v2',
    ]);
    const shift = changesOf('shift-traffic');
    expect(shift[0]).toBe('VirtualService coffee-shop');
    expect(marked(shift, '-')).toEqual(['- name: first-release', 'subset: v1']);
    expect(marked(shift, '+')).toEqual([
      expect.stringMatching(/^- name: first-release--switch-v1-to-v2-[0-9a-f]{8}$/) as unknown,
      'subset: v2',
    ]);
    expect(changesOf('drain-old')).toEqual([]);
    expect(marked(changesOf('remove-subset'), '-')).toEqual(['- name: v1', 'labels:', 'version: v1']);
    expect(marked(changesOf('remove-subset'), '+')).toEqual([]);
    expect(changesOf('delete-old')).toEqual(['- Deployment coffee-shop-v1 (2 pods)']);
    const restore = changesOf('restore-names');
    expect(marked(restore, '-')).toEqual([
      expect.stringMatching(/^- name: first-release--switch-v1-to-v2-[0-9a-f]{8}$/) as unknown,
    ]);
    expect(marked(restore, '+')).toEqual(['- name: first-release']);
  }, 60_000);

  it('the plan of a canary has a change for each share, from the one before it', async () => {
    const { names, changesOf, proofs } = await planFor('v2', { set: naive, canary: [5, 25], keepOld: true });
    expect(names).toEqual([
      'deploy-version',
      'add-subset',
      'canary-5',
      'canary-25',
      'shift-traffic',
      'drain-old',
      'restore-names',
    ]);
    const shares = ['canary-5', 'canary-25', 'shift-traffic'].map((name) => {
      const changes = changesOf(name);
      expect(changes[0]).toBe('VirtualService coffee-shop');
      const without = (lines: string[]) =>
        lines.map((line) => line.replace(/switch-v1-to-v2-[0-9a-f]{8}/, 'S'));
      return [without(marked(changes, '-')), without(marked(changes, '+'))];
    });
    expect(shares).toEqual([
      [
        ['- name: first-release'],
        [
          '- name: first-release--S-p5',
          'weight: 95',
          '- destination:',
          'host: coffee-shop',
          'subset: v2',
          'port:',
          'number: 8080',
          'weight: 5',
        ],
      ],
      [
        ['- name: first-release--S-p5', 'weight: 95', 'weight: 5'],
        ['- name: first-release--S-p25', 'weight: 75', 'weight: 25'],
      ],
      [
        [
          '- name: first-release--S-p25',
          'subset: v1',
          'port:',
          'number: 8080',
          'weight: 75',
          '- destination:',
          'host: coffee-shop',
          'weight: 25',
        ],
        ['- name: first-release--S'],
      ],
    ]);
    const judged =
      "B for this share, then at least 100 answers of v2 and 20 of v1 with no more errors and no more slow ones than v1 (as the callers' proxies count them)";
    expect(proofs).toMatchObject({ 'canary-5': judged, 'canary-25': judged, 'shift-traffic': proofB('v1') });
  }, 60_000);
});

describe('a Deployment of the new version that is there already', () => {
  beforeAll(async () => {
    await coffee.apply('istio/cluster.yaml', ['version'], { ...naive, version: 'v2', replicas: '1' });
  });
  afterAll(async () => {
    await coffee.cluster.delete(resources.deployments, 'coffee-shop-v2');
  });
  const changesWith = async (options: Partial<SwitchOptions>) =>
    (await planFor('v2', options)).changesOf('deploy-version');

  it('a Deployment that is there is shown with what --image and --set change of it, and nothing that the server added is taken away', async () => {
    const changes = await changesWith({ image: 'coffee-shop:2.0.0', set: { pod: 'correct' } });
    expect(changes[0]).toBe('Deployment coffee-shop-v2');
    // The naive pod's variable was of this field manager's own making, so it goes.
    expect(marked(changes, '-')).toEqual([
      'replicas: 1',
      '- name: SHUTDOWN',
      'value: naive',
      'image: coffee-shop:1.0.0',
      'terminationGracePeriodSeconds: 30',
    ]);
    expect(marked(changes, '+')).toEqual(
      expect.arrayContaining([
        'replicas: 2',
        'image: coffee-shop:2.0.0',
        'path: /lifecycle/drain',
        'terminationGracePeriodSeconds: 45',
      ]),
    );
  }, 60_000);

  it('a Deployment that is there is shown with its new size where it is too small', async () => {
    expect(await changesWith({})).toEqual([
      'Deployment coffee-shop-v2',
      '  spec:',
      '-   replicas: 1',
      '+   replicas: 2',
    ]);
  }, 60_000);

  it('a Deployment that is there is said to stay where it is large enough, also when --set says what it is', async () => {
    const { cluster } = coffee;
    await cluster.patch(resources.deployments, 'coffee-shop-v2', { spec: { replicas: 2 } });
    expect(await changesWith({})).toEqual(['Deployment coffee-shop-v2 is there already and stays as it is']);
    expect(await changesWith({ set: naive })).toEqual(['Deployment coffee-shop-v2 stays as it is']);
  }, 60_000);
});

describe('the plan of an undo', () => {
  const nothing = () => Promise.resolve({ proxies: 0 });
  const interrupted = () => Promise.reject(new InterruptedError('SIGTERM'));
  const prover: Prover = { endpoints: nothing, routes: nothing, quiet: interrupted, gone: nothing };
  afterEach(async () => {
    await coffee.switchTo('v2', { set: naive, undo: true, quietMs: 200 });
  }, 60_000);

  it('the plan of an undo has the change and the proof of each step', async () => {
    await waitFor(
      async () => (await coffee.cluster.get(resources.deployments, 'coffee-shop-v2')) === undefined,
      { deadlineMs: 30_000, what: 'v2 to be gone' },
    );
    const stopped = await coffee.switchTo('v2', { set: naive, prover });
    expect(stopped).toMatchObject({ ok: false, outcome: 'stopped', live: 'v2' });
    await coffee.cluster.patch(resources.deployments, 'coffee-shop-v1', { spec: { replicas: 1 } });

    const { names, changesOf, proofs } = await planFor('v2', { set: naive, undo: true });
    expect(names).toEqual([
      'restore-old-capacity',
      'undo-remove-subset',
      'undo-shift-traffic',
      'undo-add-subset',
      'undo-deploy-version',
      'restore-names',
    ]);
    expect(proofs).toEqual({
      'restore-old-capacity': 'v1 is rolled out, every pod ready',
      'undo-remove-subset': proofA('v1'),
      'undo-shift-traffic': `${proofB('v2')}; then ${proofC('v2')}`,
      'undo-add-subset': "v2's cluster is gone from every proxy",
      'undo-deploy-version': 'its pods are gone',
      'restore-names': namesRestored('v2'),
    });
    expect(changesOf('restore-old-capacity')).toEqual([
      'Deployment coffee-shop-v1',
      '  spec:',
      '-   replicas: 1',
      '+   replicas: 2',
    ]);
    expect(changesOf('undo-remove-subset')).toEqual([]);
    const back = changesOf('undo-shift-traffic');
    expect(back[0]).toBe('VirtualService coffee-shop');
    expect(marked(back, '-')).toEqual([
      expect.stringMatching(/^- name: first-release--switch-v1-to-v2-[0-9a-f]{8}$/) as unknown,
      'subset: v2',
    ]);
    expect(marked(back, '+')).toEqual([
      expect.stringMatching(/^- name: first-release--switch-v2-to-v1-[0-9a-f]{8}-r2$/) as unknown,
      'subset: v1',
    ]);
    expect(marked(changesOf('undo-add-subset'), '-')).toEqual(['- name: v2', 'labels:', 'version: v2']);
    expect(changesOf('undo-deploy-version')).toEqual(['- Deployment coffee-shop-v2 (2 pods)']);
    expect(marked(changesOf('restore-names'), '+')).toEqual(['- name: first-release']);
  }, 90_000);

  it('the plan of an undo is what is left of the switch where the old version is deleted already', async () => {
    expect(await coffee.switchTo('v2', { set: naive, prover })).toMatchObject({ ok: false, live: 'v2' });
    await coffee.cluster.delete(resources.deployments, 'coffee-shop-v1');
    const { names, changesOf } = await planFor('v2', { set: naive, undo: true });
    expect(names).toEqual([
      ...['add-subset', 'shift-traffic', 'drain-old', 'remove-subset', 'delete-old', 'restore-names'],
    ]);
    expect(marked(changesOf('remove-subset'), '-')).toEqual(['- name: v1', 'labels:', 'version: v1']);
    expect(changesOf('delete-old')).toEqual([]);
  }, 90_000);
});
