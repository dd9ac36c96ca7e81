/**
 * The whole house for one test: a playground with the coffee-shop in it, a load on it, and the switch.
 * The one way from the tests of stories to the playground.
 */
import path from 'node:path';
import { startLoadProcess, type Account } from '../../scripts/load/index.ts';
import {
  openCoffeeShop,
  startPlayground,
  type Playground,
  type PlaygroundOptions,
} from '../../scripts/playground/index.ts';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import { connectCluster, type Cluster } from '../../scripts/shared/cluster/cluster.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../scripts/switch/index.ts';
import { root } from './root.ts';

export {
  openCoffeeShop,
  startPlayground,
  type Fault,
  type FaultHook,
  type Playground,
  type PlaygroundOptions,
} from '../../scripts/playground/index.ts';
export { root };

/** No route tries again: what a release loses is seen. */
const strict = { retries: '0' };

export interface CoffeeCluster {
  playground: Playground;
  cluster: Cluster;
  /** Where an order is placed. */
  ordersUrl: string;
  /**
   * Applies resource sets of a cluster file, such as `istio/cluster.yaml`;
   * without `retries` in the values, VirtualServices have none.
   */
  apply(clusterFile: string, sets: string[], vars?: Record<string, string>): Promise<void>;
  switchTo(version: string, options?: Partial<SwitchOptions>): Promise<SwitchResult & { said: string[] }>;
  /** Sends orders while `work` runs and for a second more; returns the account. */
  underLoad(
    work: () => Promise<unknown>,
    load?: { qps?: number; connections?: number; longestMs?: number },
  ): Promise<Account>;
  /** Resolves when an order is answered well. */
  untilServed(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it all; `empty` leaves the coffee-shop out. */
export async function startCoffeeCluster({
  empty = false,
  ...options
}: PlaygroundOptions & { empty?: boolean } = {}): Promise<CoffeeCluster> {
  const playground = await startPlayground(options);
  const closers: (() => Promise<unknown>)[] = [() => playground.close()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    if (!empty) await openCoffeeShop(playground, root, AbortSignal.timeout(60_000), strict);
    const cluster = await connectCluster({ kubeconfigs: [playground.kubeconfig] }, { fieldManager: 'test' });
    closers.push(() => cluster.close());
    const ordersUrl = `${playground.gatewayUrl ?? playground.serviceUrl}/orders`;
    return {
      playground,
      cluster,
      ordersUrl,
      async apply(clusterFile, sets, vars = {}) {
        const rendered = await renderSets(path.resolve(root, clusterFile), {
          include: sets,
          // An HTTPRoute of the standard channel has no field for it.
          vars: { ...(vars['routing'] === 'http-route' ? {} : strict), ...vars },
        });
        for (const object of parseObjects(rendered)) await cluster.apply(object, { force: true });
      },
      async switchTo(to, more = {}) {
        const said: string[] = [];
        const reporter = { ...silentReporter, progress: (text: string) => void said.push(text) };
        const clusterFile = path.join(root, 'istio/cluster.yaml');
        const result = await runSwitch({ cluster, app: 'coffee-shop', to, clusterFile, ...more }, reporter);
        return { ...result, said };
      },
      async underLoad(work, { qps = 200, connections = 20, longestMs = 120_000 } = {}) {
        let sent = 0;
        const load = await startLoadProcess({
          url: ordersUrl,
          qps,
          connections,
          method: 'POST',
          longestMs,
          onProgress: (progress) => void (sent = progress.sent),
        });
        const reaches = (count: number) =>
          waitFor(() => sent >= count, { deadlineMs: 30_000, what: `${count} requests to be sent` });
        try {
          // A second of calm before and after, told by requests and not by a clock.
          await reaches(qps);
          await work();
          await reaches(sent + qps);
          return await load.stop();
        } finally {
          await load.kill();
        }
      },
      async untilServed() {
        await waitFor(async () => (await fetch(ordersUrl, { method: 'POST' }).catch(() => undefined))?.ok, {
          deadlineMs: 30_000,
          what: `an order at ${ordersUrl}`,
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const soon = { minMs: 0, medianMs: 1, p95Ms: 2, maxMs: 3 };

/** Pods and proxies that hardly take any time: for stories that are about something else. */
export const quickDelays: NonNullable<PlaygroundOptions['delays']> = {
  mesh: { debounceMs: 5, push: soon, spread: soon, warming: soon },
  kubelet: { sandbox: 0, deletionSeen: 0, preStopToSigterm: 0, exitToStatus: 0, statusToGone: 0 },
};

/**
 * A playground in which one version serves.
 * @param vars values of the templates
 * @param more.clusterFile default: `istio/cluster.yaml`
 * @param more.sets resource sets besides those that a version needs
 */
export async function startServingShop(
  vars: Record<string, string>,
  {
    clusterFile = 'istio/cluster.yaml',
    sets = [],
    ...options
  }: PlaygroundOptions & { clusterFile?: string; sets?: string[] } = {},
): Promise<CoffeeCluster> {
  const coffee = await startCoffeeCluster({ ...options, empty: true });
  try {
    await coffee.apply(clusterFile, ['base', 'version', 'subsets', 'route', ...sets], vars);
    await coffee.untilServed();
    return coffee;
  } catch (error) {
    await coffee.close();
    throw error;
  }
}
