/** Somebody who does something else to the objects of a switch while it runs. */
import { expect } from '@jest/globals';
import type { Deployment, DestinationRule, Lease } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../scripts/switch/index.ts';
import { root, type CoffeeCluster } from './cluster.ts';

/** Runs a switch to v2 and does something when a step begins. */
export function switchAnd(
  { cluster }: CoffeeCluster,
  step: string,
  interfere: () => Promise<unknown>,
  options: Partial<SwitchOptions> = {},
): Promise<SwitchResult> {
  let done: Promise<unknown> = Promise.resolve();
  const reporter = {
    ...silentReporter,
    stepStarted: (_title: string, name: string) => {
      if (name === step) done = interfere();
    },
  };
  const clusterFile = `${root}/istio/cluster.yaml`;
  const switching = { cluster, app: 'coffee-shop', to: 'v2', clusterFile, set: { pod: 'naive' } };
  return runSwitch({ ...switching, ...options }, reporter).finally(() => done);
}

/** The names of the subsets that the DestinationRule knows. */
export async function subsetNames({ cluster }: CoffeeCluster): Promise<string[] | undefined> {
  const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  return rule?.spec.subsets?.map(({ name }) => name);
}

/** Expects v1 and nothing of another version. */
export async function expectOnlyV1(coffee: CoffeeCluster): Promise<void> {
  expect(await subsetNames(coffee)).toEqual(['v1']);
  const deployments = await coffee.cluster.list<Deployment>(resources.deployments);
  expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['coffee-shop-v1']);
}

/** The Lease of another operator, who is at work as long as its time of renewal changes. */
export const holdLease = ({ cluster }: CoffeeCluster, renewTime: string) =>
  cluster.apply<Lease>({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'switch-coffee-shop', namespace: 'default' },
    spec: { holderIdentity: 'barista@elsewhere', leaseDurationSeconds: 15, renewTime },
  });
