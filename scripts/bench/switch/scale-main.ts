/**
 * One whole switch as a process of its own, so that the memory it
 * takes is its own: prints what it took as JSON.
 */
import { connectCluster } from '../../shared/cluster/cluster.ts';
import { runSwitch, silentReporter } from '../../switch/index.ts';

export interface SwitchTook {
  /** All steps with a claim about the proxies, in milliseconds; and each of them. */
  ms: number;
  steps: Record<string, number>;
  /** Time on a processor, in milliseconds. */
  cpuMs: number;
  /** Resident memory at its highest, in MB. */
  resident: number;
  proxies: number;
}

const CLAIMS = ['add-subset', 'shift-traffic', 'drain-old', 'remove-subset', 'delete-old'];

const [kubeconfig = '', clusterFile = ''] = process.argv.slice(2);
const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'bench' });
let most = process.memoryUsage.rss();
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 100);
const result = await runSwitch(
  { cluster, app: 'coffee-shop', to: 'v2', clusterFile, quietMs: 1000, stepTimeoutMs: 600_000 },
  silentReporter,
);
clearInterval(watch);
if (!result.ok) throw new Error(`the switch did not succeed: ${result.error ?? result.message}`);
const claimed = result.steps.filter(({ name }) => CLAIMS.includes(name));
const { user, system } = process.cpuUsage();
const took: SwitchTook = {
  ms: claimed.reduce((sum, { durationMs }) => sum + durationMs, 0),
  steps: Object.fromEntries(claimed.map(({ name, durationMs }) => [name, durationMs])),
  cpuMs: Math.round((user + system) / 1000),
  resident: most / 2 ** 20,
  proxies: Math.max(...claimed.map(({ proxies }) => proxies)),
};
process.stdout.write(`${JSON.stringify(took)}\n`);
await cluster.close();
