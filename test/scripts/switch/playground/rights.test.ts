import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../../scripts/shared/errors.ts';
import type { KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import type { Right } from '../../../../scripts/shared/cluster/access.ts';
import { rightsToDelete, rightsToUndo } from '../../../../scripts/switch/preflight/access.ts';
import { runSwitch, silentReporter, type SwitchOptions } from '../../../../scripts/switch/index.ts';
import { root, startCoffeeCluster, type CoffeeCluster } from '../../../support/cluster.ts';
import { kubeconfigFor, tokenOf } from '../../../support/service-account.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

interface Role extends KubernetesObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}
const read = (file: string) =>
  parse(readFileSync(`${root}/scripts/switch/in-cluster/${file}`, 'utf8')) as Role;

let folder: string;
let coffee: CoffeeCluster;
/** Writes objects of any kind; the scripts' own adapter knows only what they use. */
let admin: Record<'create' | 'replace', (object: object) => Promise<unknown>>;
/** The cluster as the Job's ServiceAccount reaches it. */
let own: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'switch-rights-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  coffee = await startCoffeeCluster({ empty: true });
  atEnd(() => coffee.close());
  await coffee.apply('istio/cluster.yaml', ['base', 'version', 'subsets', 'route', 'autoscaler'], {
    pod: 'naive',
  });
  const config = new KubeConfig();
  config.loadFromFile(coffee.playground.kubeconfig);
  admin = KubernetesObjectApi.makeApiClient(config);
  for (const file of ['service-account', 'role', 'cluster-role', 'role-binding', 'cluster-role-binding'])
    await admin.create(read(`${file}.yaml`));
  // As in-cluster/config-map.yaml says it.
  const tokenFile = path.join(folder, 'token');
  writeFileSync(tokenFile, await tokenOf(config, 'switch'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(config, 'switch', { tokenFile }));
  own = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'zero-downtime-switch' });
  atEnd(() => own.close());
  await coffee.untilServed();
}, 90_000);

const switchTo = (to: string, more: Partial<SwitchOptions> = {}) =>
  runSwitch(
    {
      cluster: own,
      app: 'coffee-shop',
      to,
      clusterFile: `${root}/istio/cluster.yaml`,
      set: { pod: 'naive' },
      events: true,
      ...more,
    },
    silentReporter,
  );

describe('a switch with the least rights', () => {
  it('a switch refuses for each right that is taken away, names it, and has changed nothing', async () => {
    const missed: string[] = [];
    for (const file of ['role.yaml', 'cluster-role.yaml']) {
      const whole = read(file);
      for (const [index, { resources: names, verbs, apiGroups }] of whole.rules.entries()) {
        for (const verb of verbs) {
          const rules = whole.rules.map((rule, at) =>
            at === index ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule,
          );
          await admin.replace({ ...whole, rules });
          const said = await switchTo('v2').then(
            ({ outcome, error }) => `${outcome}: ${error ?? ''}`,
            messageOf,
          );
          const group = apiGroups[0] ? `.${apiGroups[0]}` : '';
          const named = names.every((name) => said.includes(`${verb} ${name}${group} in `));
          if (!named || !said.endsWith('Nothing was changed.'))
            missed.push(`without ${verb} ${names.join()}: ${said}`);
        }
      }
      await admin.replace(whole);
    }
    expect(missed).toEqual([]);
    expect(await coffee.cluster.get(resources.leases, 'switch-coffee-shop')).toBeUndefined();
  }, 120_000);

  it('a switch with the least rights does its work, and tells it in Events', async () => {
    expect(await switchTo('v2')).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    const events = await coffee.cluster.list<KubernetesObject>(resources.events);
    const ours = events.filter((event) => event['reportingComponent'] === 'zero-downtime-switch');
    expect(ours.map((event) => (event['involvedObject'] as { kind: string }).kind).sort()).toEqual([
      'Deployment',
      'DestinationRule',
      'DestinationRule',
      'VirtualService',
      'VirtualService',
      'VirtualService',
    ]);
  }, 90_000);
});

describe('a way back with the least rights', () => {
  const rights = [...rightsToUndo, ...rightsToDelete];
  const grant = async (granted: Right[]) => {
    for (const file of ['role.yaml', 'cluster-role.yaml']) {
      const rules = granted
        .filter(({ everywhere = false }) => everywhere === (file === 'cluster-role.yaml'))
        .map(({ group = '', resource, subresource, verbs }) => ({
          apiGroups: [group],
          resources: [subresource === undefined ? resource : `${resource}/${subresource}`],
          verbs,
        }));
      await admin.replace({ ...read(file), rules });
    }
  };
  const standing = async () => {
    const kinds = [
      resources.virtualServices,
      resources.destinationRules,
      resources.deployments,
      resources.horizontalPodAutoscalers,
      resources.leases,
    ];
    const objects = await Promise.all(kinds.map((kind) => coffee.cluster.list<KubernetesObject>(kind)));
    return objects.flat().map(({ metadata, spec }) => ({ name: metadata.name, spec }));
  };
  const takeBack = () => switchTo('v3', { undo: true });

  it('a way back refuses for each right that is taken away, names it, and has changed nothing', async () => {
    expect(await switchTo('v3', { keepOld: true })).toMatchObject({ ok: true, live: 'v3' });
    const before = await standing();
    const missed: string[] = [];
    for (const right of rights) {
      for (const verb of right.verbs) {
        const left = right.verbs.filter((one) => one !== verb);
        await grant(rights.map((one) => (one === right ? { ...one, verbs: left } : one)));
        const said = await takeBack().then(({ outcome, error }) => `${outcome}: ${error ?? ''}`, messageOf);
        const what = [right.resource, right.subresource].filter(Boolean).join('/');
        const group = right.group === undefined ? '' : `.${right.group}`;
        if (
          !said.includes(`Not allowed: ${verb} ${what}${group} in `) ||
          !said.endsWith('Nothing was changed.')
        )
          missed.push(`without ${verb} ${what}: ${said}`);
      }
    }
    expect(missed).toEqual([]);
    expect(await standing()).toEqual(before);
  }, 120_000);

  it('a way back names all rights that are missing at once, and says who serves', async () => {
    const isWrite = (verb: string) => verb === 'patch' || verb === 'delete';
    await grant(rights.map((one) => ({ ...one, verbs: one.verbs.filter((verb) => !isWrite(verb)) })));
    const { outcome, message } = await takeBack();
    expect(outcome).toBe('stopped');
    expect(message).toBe(
      'Not allowed: patch deployments.apps in default, patch horizontalpodautoscalers.autoscaling in default, ' +
        'patch virtualservices.networking.istio.io in default, patch destinationrules.networking.istio.io in default, ' +
        'delete deployments.apps in default, delete horizontalpodautoscalers.autoscaling in default. Nothing was changed. ' +
        'v3 serves all traffic. Go on with: npm run switch -- --to v3  or roll back with: npm run switch -- --to v3 --undo',
    );
  });

  it('a way back with the least rights does its work', async () => {
    await grant(rights);
    expect(await takeBack()).toMatchObject({ ok: true, outcome: 'undone', live: 'v2' });
    const versions = (await coffee.cluster.list<KubernetesObject>(resources.deployments)).map(
      ({ metadata }) => metadata.name,
    );
    expect(versions).toEqual(['coffee-shop-v2']);
  }, 90_000);
});
