/**
 * A switch of objects that somebody keeps as its files say: it begins when that one is paused, and loses
 * nothing when it is not, whatever was said.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseObjects, renderSets } from '../../../../scripts/render/index.ts';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Deployment, KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { silentReporter, runSwitch, type SwitchOptions } from '../../../../scripts/switch/index.ts';
import { root, startCoffeeCluster, type CoffeeCluster } from '../../../support/cluster.ts';
import {
  APPLICATION,
  KUSTOMIZATION,
  applyAsOwner,
  defineOwners,
  owners,
  withOwnersLoop,
} from '../../../support/gitops-owners.ts';

const values = { pod: 'naive', retries: '0' };
let coffee: CoffeeCluster;
let own: Cluster;
beforeAll(async () => {
  coffee = await startCoffeeCluster({ empty: true });
  await coffee.apply('istio/cluster.yaml', ['base'], values);
  const choice = { kubeconfigs: [coffee.playground.kubeconfig] };
  own = await connectCluster(choice, { fieldManager: 'zero-downtime-switch' });
  await applyAsOwner(coffee.playground.kubeconfig, owners.Flux, await filesOf('v1'));
  await coffee.untilServed();
}, 60_000);
afterAll(async () => {
  await own.close();
  await coffee.close();
});

/** What is in Git, with `version` serving. */
async function filesOf(version: string): Promise<KubernetesObject[]> {
  const vars = { ...values, version, live: version, subsets: version };
  const include = ['version', 'subsets', 'route'];
  return parseObjects(await renderSets(path.join(root, 'istio/cluster.yaml'), { include, vars }));
}

/** The result and what was noted on the way; what it threw, where that was wrong usage. */
async function switchTo(to: string, more: Partial<SwitchOptions> = {}) {
  const notes: string[] = [];
  const reporter = { ...silentReporter, note: (text: string) => void notes.push(text) };
  const clusterFile = path.join(root, 'istio/cluster.yaml');
  const told = { cluster: own, app: 'coffee-shop', to, clusterFile, set: { pod: 'naive' }, quietMs: 200 };
  const result = await runSwitch({ ...told, ...more }, reporter);
  return { ...result, notes };
}

async function standing() {
  const kinds = [
    resources.virtualServices,
    resources.destinationRules,
    resources.deployments,
    resources.leases,
  ];
  const all = await Promise.all(kinds.map((resource) => coffee.cluster.list(resource)));
  return all.flat().map(({ metadata, spec }) => ({ name: metadata.name, spec }));
}

const deployed = async () =>
  (await coffee.cluster.list<Deployment>(resources.deployments)).map(({ metadata }) => metadata.name);

const flux = (spec: object) => ({
  ...KUSTOMIZATION,
  metadata: { name: 'coffee', namespace: 'flux-system' },
  spec,
});
const argo = (spec: object) => ({
  ...APPLICATION,
  metadata: { name: 'coffee', namespace: 'argocd' },
  spec,
});

describe('objects that Flux keeps as Git says', () => {
  const whose =
    "VirtualService coffee-shop, DestinationRule coffee-shop and Deployment coffee-shop-v1 belong to Flux's Kustomization coffee of namespace flux-system, which would write their old state over the new one. " +
    'Pause it first: flux suspend kustomization coffee -n flux-system';

  it('are not touched where nobody can see whether it is paused; the dry run shows that with the plan', async () => {
    const before = await standing();
    const refused = switchTo('v2');
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    await expect(refused).rejects.toThrow(
      `${whose}. Where that is done and cannot be read from here, say so: --owner-paused. Nothing was changed.`,
    );
    const planned = await switchTo('v2', { dryRun: true });
    expect(planned).toMatchObject({ ok: true, outcome: 'planned' });
    expect(planned.notes).toContain(whose);
    expect(await standing()).toEqual(before);
  }, 60_000);

  it('are not touched while it is active, and switched when it is suspended', async () => {
    await defineOwners(coffee.cluster);
    for (const name of ['flux-system', 'argocd'])
      await coffee.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await coffee.cluster.apply(flux({ interval: '10m' }), { force: true });
    await expect(switchTo('v2')).rejects.toThrow(`${whose}. Nothing was changed.`);
    await coffee.cluster.apply(flux({ interval: '10m', suspend: true }), { force: true });
    const { notes, ...result } = await switchTo('v2');
    expect(result).toMatchObject({ ok: true, live: 'v2' });
    expect(notes).toContain(
      "Flux's Kustomization coffee of namespace flux-system keeps VirtualService coffee-shop, DestinationRule coffee-shop and Deployment coffee-shop-v1 as its files say, and is paused. " +
        'Before it goes on, give its files the end state; then: flux resume kustomization coffee -n flux-system',
    );
  }, 60_000);
});

describe.each([
  ['Argo CD', 'argocd app set coffee --sync-policy none'],
  ['Flux', 'flux suspend kustomization coffee -n flux-system'],
  ['Helm', undefined],
] as const)('%s that writes the old files every second, and was said to be paused', (name, command) => {
  it('ends the switch while the current version serves, is named, and costs no request', async () => {
    const { kubeconfig } = coffee.playground;
    const files = await filesOf('v2');
    const owner = owners[name];
    await applyAsOwner(kubeconfig, owner, files);
    await coffee.cluster.apply(flux({ suspend: false }), { force: true });
    let played: { result: Awaited<ReturnType<typeof switchTo>>; rounds: number } | undefined;
    const account = await coffee.underLoad(
      async () => {
        played = await withOwnersLoop(kubeconfig, owner, files, () => switchTo('v3', { ownerPaused: true }));
      },
      { qps: 500, connections: 50 },
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    const { result } = played ?? {};
    expect(result).toMatchObject({ ok: false, live: 'v2' });
    expect(result?.error).toMatch(
      /^(VirtualService|DestinationRule) coffee-shop was changed by somebody else/,
    );
    expect(result?.error).toMatch(new RegExp(`\\n {3}written by ${owner.manager} at 20[\\dT:-]+Z`));
    if (command !== undefined) expect(result?.error).toMatch(new RegExp(`To pause it: ${command}$`));
    expect(result?.outcome).toBe('undone');
    expect(await deployed()).toEqual(['coffee-shop-v2']);
  }, 120_000);
});

describe('the negative control', () => {
  it('loses requests when the owner writes the old files after the switch: nobody looks then', async () => {
    const { kubeconfig } = coffee.playground;
    await coffee.cluster.apply(argo({ syncPolicy: {} }), { force: true });
    const account = await coffee.underLoad(async () => {
      expect(await switchTo('v3', { ownerPaused: true })).toMatchObject({ ok: true, live: 'v3' });
      await applyAsOwner(kubeconfig, owners['Argo CD'], (await filesOf('v2')).slice(1));
    });
    expect(account.lost).toBeGreaterThan(0);
  }, 60_000);
});
