/**
 * A coffee-shop whose pods and proxies are quick, so that hundreds of
 * switches fit into minutes, and whose API server does what a test says.
 */
import type { Fault, FaultHook } from '../../support/cluster.ts';
import type { DestinationRule, Deployment, Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { FLOOR_ANNOTATION } from '../../../scripts/switch/changes/autoscaler.ts';
import type { SwitchOptions } from '../../../scripts/switch/index.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

type Asked = Parameters<FaultHook>[0];

export interface QuickCoffee extends CoffeeCluster {
  /** Sees every request to the API server; undefined lets it pass. */
  onRequest: ((asked: Asked) => Fault | undefined) | undefined;
}

/** The pod that exits at SIGTERM: whatever is not lost, the proofs kept. */
export const settings = {
  set: { pod: 'naive', replicas: '1' },
  leaseSeconds: 4,
  quietMs: 100,
} satisfies Partial<SwitchOptions>;

export async function startQuickCoffee(): Promise<QuickCoffee> {
  const hook: { onRequest: QuickCoffee['onRequest'] } = { onRequest: undefined };
  const coffee = await startServingShop(settings.set, {
    faults: (asked) => hook.onRequest?.(asked),
    delays: quickDelays,
  });
  return Object.assign(hook, coffee);
}

/** What a request asks for, without the names that differ from run to run: `patch deployments`. */
export function callOf({ method, target, path }: Asked): string {
  if (target === undefined) return `${method} ${path}`;
  const { plural, name, subresource } = target;
  const verb = method === 'GET' && name === undefined ? 'LIST' : method;
  return `${verb} ${plural}${subresource === undefined ? '' : `/${subresource}`}`;
}

export const isWrite = ({ method, target }: Asked): boolean =>
  method !== 'GET' && target?.plural !== 'selfsubjectaccessreviews';

export interface Standing {
  live: string[];
  unfinished: boolean;
  holder: string | undefined;
  subsets: string[];
  deployments: string[];
  pods: string[];
  /** Autoscalers that a switch still keeps from shrinking their Deployment. */
  floors: string[];
}

/** Everything a switch may leave behind, by version. */
export async function standing({ cluster }: CoffeeCluster): Promise<Standing> {
  const { live, unfinished, holder } = await readStatus(cluster, 'coffee-shop');
  const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  const deployments = await cluster.list<Deployment>(resources.deployments);
  const pods = await cluster.list<Pod>(resources.pods, { labelSelector: 'app=coffee-shop' });
  const autoscalers = await cluster.list(resources.horizontalPodAutoscalers);
  const versions = (objects: { metadata: { labels?: Record<string, string> } }[]) =>
    [...new Set(objects.map(({ metadata }) => metadata.labels?.['version'] ?? '?'))].sort();
  return {
    live: live.map(({ version }) => version),
    unfinished,
    holder,
    subsets: (rule?.spec.subsets ?? []).map(({ name }) => name).sort(),
    deployments: versions(deployments),
    pods: versions(pods),
    floors: autoscalers
      .filter(({ metadata }) => metadata.annotations?.[FLOOR_ANNOTATION] !== undefined)
      .map(({ metadata }) => metadata.name),
  };
}

/** One version and nothing else. */
export const only = (version: string): Standing => ({
  live: [version],
  unfinished: false,
  holder: undefined,
  subsets: [version],
  deployments: [version],
  pods: [version],
  floors: [],
});

export async function liveVersion({ cluster }: CoffeeCluster): Promise<string> {
  const { live } = await readStatus(cluster, 'coffee-shop');
  if (live.length !== 1 || live[0] === undefined)
    throw new Error(`not one version serves: ${JSON.stringify(live)}`);
  return live[0].version;
}

export const other = (version: string): string => (version === 'v1' ? 'v2' : 'v1');

/**
 * `MATRIX=full` runs every point, `MATRIX_ONLY=REGEXP` those whose name it
 * finds; otherwise as many as fit, spread evenly, and the rest is named.
 */
export function sample<T>(points: T[], most: number, name: (point: T) => string, what: string): T[] {
  const only = process.env['MATRIX_ONLY'];
  if (only !== undefined) return points.filter((point) => new RegExp(only).test(name(point)));
  if (process.env['MATRIX'] === 'full' || points.length <= most) return points;
  // A prime stride meets every combination evenly, however the points are built of columns.
  const chosen = new Set(
    Array.from({ length: most }, (_, index) => points[(index * 7919) % points.length] as T),
  );
  const left = points.filter((point) => !chosen.has(point));
  process.stderr.write(
    `${what}: ${chosen.size} of ${points.length}; left out: ${left.slice(0, 40).map(name).join('; ')}${left.length > 40 ? ` and ${left.length - 40} more` : ''}. MATRIX=full runs all.\n`,
  );
  return points.filter((point) => chosen.has(point));
}
