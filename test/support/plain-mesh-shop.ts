/**
 * The coffee-shop in the mesh as one plain Deployment: no version, no
 * subsets, and routes of another name or none.
 */
import path from 'node:path';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import type {
  Deployment,
  DestinationRule,
  KubernetesObject,
  VirtualService,
} from '../../scripts/shared/kubernetes.ts';
import { InterruptedError } from '../../scripts/shared/errors.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { without } from '../../scripts/shared/without.ts';
import {
  runAdoption,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../scripts/switch/index.ts';
import { root, startCoffeeCluster, type CoffeeCluster, type PlaygroundOptions } from './cluster.ts';

export interface PlainMeshShop extends CoffeeCluster {
  /** As it serves at first. */
  deployment: Deployment;
  adopt(options?: Partial<SwitchOptions>): Promise<SwitchResult>;
  /** Stopped, as by Ctrl-C, when this step is about to begin. */
  adoptUntil(step: string): Promise<SwitchResult>;
}

/** How the routes are called that lead the gateway's requests to the Service. */
export const WAYS = 'shop-ways';

const clusterFile = path.join(root, 'istio/cluster.yaml');

/** What a pod calls itself in its answers, before it is adopted and after. */
export const OWN_NAME = '2026.11';

/** @param pod exits at SIGTERM, or drains */
async function plainDeployment(pod: 'naive' | 'correct', replicas: number): Promise<Deployment> {
  const vars = { pod, version: OWN_NAME, replicas: String(replicas) };
  const [rendered] = parseObjects(await renderSets(clusterFile, { include: ['version'], vars }));
  const { apiVersion, kind, spec } = rendered as Deployment & { apiVersion: string; kind: string };
  const labels = without(spec.template.metadata?.labels ?? {}, 'version');
  const annotations = spec.template.metadata?.annotations ?? {};
  return {
    ...{ apiVersion, kind },
    metadata: { name: 'coffee-shop', labels: { app: 'coffee-shop' } },
    spec: {
      ...spec,
      selector: { matchLabels: { app: 'coffee-shop' } },
      template: { ...spec.template, metadata: { labels, annotations } },
    },
  };
}

/** @param more.routes those of another name; none: callers in the mesh go by the Service alone */
export async function startPlainMeshShop(
  pod: 'naive' | 'correct',
  {
    replicas = 2,
    routes = true,
    ...options
  }: PlaygroundOptions & { replicas?: number; routes?: boolean } = {},
): Promise<PlainMeshShop> {
  const coffee = await startCoffeeCluster({ ...options, empty: true });
  const { cluster } = coffee;
  try {
    const deployment = await plainDeployment(pod, replicas);
    await coffee.apply('istio/cluster.yaml', ['base']);
    await cluster.apply(deployment);
    await untilReady(cluster, replicas);
    if (routes) {
      await cluster.apply(await routesOfAnotherName());
      await coffee.untilServed();
    }
    const told = { cluster, app: 'coffee-shop', to: 'v1', clusterFile };
    const adopt: PlainMeshShop['adopt'] = (more) => runAdoption({ ...told, ...more }, silentReporter);
    const adoptUntil: PlainMeshShop['adoptUntil'] = (step) => {
      const stop = new AbortController();
      const stepStarted = (_title: string, name: string) => {
        if (name === step) stop.abort(new InterruptedError('SIGINT'));
      };
      return runAdoption({ ...told, signal: stop.signal }, { ...silentReporter, stepStarted });
    };
    return { ...coffee, deployment, adopt, adoptUntil };
  } catch (error) {
    await coffee.close();
    throw error;
  }
}

/** No retries, as the other stories have it. */
async function routesOfAnotherName(): Promise<KubernetesObject> {
  const rendered = await renderSets(clusterFile, { include: ['route-all'], vars: { retries: '0' } });
  const [routes] = parseObjects(rendered);
  if (routes === undefined) throw new Error('the set route-all is empty');
  return { ...routes, metadata: { ...routes.metadata, name: WAYS } };
}

/** All that an adoption writes. */
export async function plainStanding({ cluster }: CoffeeCluster) {
  const [routes, rule, deployments, service] = await Promise.all([
    cluster.get<VirtualService>(resources.virtualServices, WAYS),
    cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop'),
    cluster.list<Deployment>(resources.deployments),
    cluster.get(resources.services, 'coffee-shop'),
  ]);
  return {
    routes: routes?.spec.http?.map(({ name, route = [] }) => [
      name,
      ...route.map(({ destination: { subset } }) => subset),
    ]),
    subsets: rule?.spec.subsets,
    deployments: deployments.map(({ metadata, spec }) => [metadata.name, spec['paused'] === true]),
    annotations: service?.metadata.annotations ?? {},
  };
}

/** Takes a finished adoption away again, whatever that loses: the next one begins as the first did. */
export async function makePlainAgain(shop: PlainMeshShop): Promise<void> {
  const { cluster, deployment } = shop;
  const { replicas } = deployment.spec;
  await cluster.apply(deployment, { force: true });
  await untilReady(cluster, replicas);
  await cluster.patch(resources.virtualServices, WAYS, { spec: (await routesOfAnotherName())['spec'] });
  await shop.untilServed();
  await cluster.delete(resources.deployments, 'coffee-shop-v1');
  await cluster.delete(resources.destinationRules, 'coffee-shop');
  await cluster.delete(resources.leases, 'switch-coffee-shop');
  const annotations = { 'zero-downtime/virtual-service': null };
  await cluster.patch(resources.services, 'coffee-shop', { metadata: { annotations } });
  const isAlone = async () => {
    const pods = await cluster.list(resources.pods, { labelSelector: 'app=coffee-shop' });
    return pods.length === replicas;
  };
  await waitFor(isAlone, { deadlineMs: 30_000, what: 'the plain pods to be alone' });
}

/** What is not rolled out is not adopted. */
async function untilReady(cluster: CoffeeCluster['cluster'], replicas: number | undefined): Promise<void> {
  const isReady = async () => {
    const found = await cluster.get<Deployment>(resources.deployments, 'coffee-shop');
    return found?.status?.readyReplicas === replicas;
  };
  await waitFor(isReady, { deadlineMs: 30_000, what: 'the plain pods to be ready' });
}
