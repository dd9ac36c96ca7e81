/**
 * A playground with the coffee-shop and the rights that
 * `scripts/switch/in-cluster` gives to its ServiceAccount.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { connectCluster } from '../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../scripts/switch/index.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from './cluster.ts';
import { kubeconfigFor, tokenOf } from './service-account.ts';

export interface Role extends KubernetesObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** What a file of `scripts/switch/in-cluster` says. */
export const readRole = (file: string): Role =>
  parse(readFileSync(`${root}/scripts/switch/in-cluster/${file}`, 'utf8')) as Role;

export interface ShopWithRights {
  coffee: CoffeeCluster;
  /** Writes objects of any kind; the scripts' own adapter knows only what they use. */
  admin: Record<'create' | 'replace', (object: object) => Promise<unknown>>;
  /** As the Job's ServiceAccount. */
  switchTo(to: string, more?: Partial<SwitchOptions>): Promise<SwitchResult>;
  close(): Promise<void>;
}

export async function startShopWithRights(vars: Record<string, string>): Promise<ShopWithRights> {
  const folder = mkdtempSync(path.join(tmpdir(), 'switch-rights-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const coffee = await startServingShop(vars, { sets: ['autoscaler'], delays: quickDelays });
    closers.push(() => coffee.close());
    const config = new KubeConfig();
    config.loadFromFile(coffee.playground.kubeconfig);
    const admin: ShopWithRights['admin'] = KubernetesObjectApi.makeApiClient(config);
    for (const file of ['service-account', 'role', 'cluster-role', 'role-binding', 'cluster-role-binding'])
      await admin.create(readRole(`${file}.yaml`));
    // As in-cluster/config-map.yaml says it.
    const tokenFile = path.join(folder, 'token');
    writeFileSync(tokenFile, await tokenOf(config, 'switch'));
    const kubeconfig = path.join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigFor(config, 'switch', { tokenFile }));
    const cluster = await connectCluster(
      { kubeconfigs: [kubeconfig] },
      { fieldManager: 'zero-downtime-switch' },
    );
    closers.push(() => cluster.close());
    const clusterFile = `${root}/istio/cluster.yaml`;
    const options = { cluster, app: 'coffee-shop', clusterFile, set: { pod: 'naive' }, events: true };
    return {
      coffee,
      admin,
      switchTo: (to, more = {}) => runSwitch({ ...options, to, ...more }, silentReporter),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
