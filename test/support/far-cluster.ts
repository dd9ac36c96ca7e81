/**
 * A cluster whose nodes have addresses that lead nowhere from here, as
 * kind's on macOS or any behind a firewall.
 */
import { CoreV1Api, KubeConfig, V1NodeAddress } from '@kubernetes/client-node';
import { environmentOnCluster } from '../../scripts/demo/on-cluster/environment-on-cluster.ts';
import { runScenario } from '../../scripts/demo/run-scenario.ts';
import { findScenario, type ScenarioId } from '../../scripts/demo/scenarios.ts';
import { quickDefaults } from '../../scripts/demo/settings.ts';
import { connectCluster, type Cluster } from '../../scripts/shared/cluster/cluster.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { startPlayground, type Playground } from './cluster.ts';

type Release = Awaited<ReturnType<typeof runScenario>> & { said: string[] };

export interface FarCluster {
  admin: Cluster;
  /** A short release there, as the demo does it: what is at stake is the place. */
  release(id: ScenarioId, options?: { address?: string; toolsImage?: string }): Promise<Release>;
  close(): Promise<void>;
}

const settings = { ...quickDefaults, qps: 50, connections: 5, loadMs: 1_000, warmUpMs: 300, tailMs: 300 };

export async function startFarCluster(): Promise<FarCluster> {
  const far = await startPlayground();
  const admin = await connectCluster({ kubeconfigs: [far.kubeconfig] }, { fieldManager: 'test' });
  await admin.patch(
    resources.services,
    'istio-ingressgateway',
    { spec: { type: 'NodePort' } },
    { namespace: 'istio-system' },
  );
  await moveNodesTo(far, '203.0.113.1');
  return {
    admin,
    release: (id, options = {}) => release(far, id, options),
    async close() {
      await admin.close();
      await far.close();
    },
  };
}

async function moveNodesTo(far: Playground, address: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(far.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  for (const node of (await core.listNode()).items) {
    const only = Object.assign(new V1NodeAddress(), { type: 'InternalIP', address });
    if (node.status) node.status.addresses = [only];
    await core.replaceNodeStatus({ name: node.metadata?.name ?? '', body: node });
  }
}

async function release(
  far: Playground,
  id: ScenarioId,
  options: { address?: string; toolsImage?: string },
): Promise<Release> {
  const run = { scenario: findScenario(id), weather: 'calm' as const };
  const { signal } = new AbortController();
  const said: string[] = [];
  const place = await environmentOnCluster(
    { kubeconfigs: [far.kubeconfig] },
    {
      ...{ runs: [run], image: undefined, gateway: undefined, signal, ...options },
      say: (line) => void said.push(line),
    },
  );
  const nothing = (): void => undefined;
  const watcher = { onStep: nothing, onProgress: nothing, onPlayground: nothing };
  const result = await runScenario({
    run,
    settings,
    startPlayground: place.startPlayground,
    signal,
    watcher,
  });
  return { ...result, said };
}
