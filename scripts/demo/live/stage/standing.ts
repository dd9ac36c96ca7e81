import { messageOf } from '../../../shared/errors.ts';
import type { Deployment, Lease, VirtualService } from '../../../shared/kubernetes.ts';
import { resources, type Resource } from '../../../shared/resources.ts';
import { isUnfinished, leaseName, readRecord } from '../../../switch/lock/switch-record.ts';
import { app } from '../../rollout.ts';
import type { Scenario } from '../../scenarios.ts';
import type { StageContext } from './context.ts';

/** The state of the app in the cluster. */
export interface Standing {
  /** One Deployment for all versions, or one for each. */
  layout: 'rolling' | 'versions' | 'none';
  pod: Scenario['pod'];
  sidecar: Scenario['sidecar'];
  /** The version that serves; undefined while several do, or none. */
  live: string | undefined;
  /** A switch was begun and neither finished nor rolled back. */
  halfDone: { from: string; to: string } | undefined;
}

/** Derives it from watches, without polling. */
export function watchStanding({ cluster, mesh, log, signal }: StageContext): () => Standing {
  const deployments = new Map<string, Deployment>();
  let routes: VirtualService | undefined;
  let lease: Lease | undefined;

  const follow = (resource: Resource, watching: Promise<void>): void => {
    watching.catch((error: unknown) => {
      if (!signal.aborted) log.note(`${resource.plural} cannot be watched: ${messageOf(error)}`, 'bad');
    });
  };
  const watchDeployments = async (): Promise<void> => {
    for await (const { type, object } of cluster.watch<Deployment>(resources.deployments, { signal })) {
      const { name } = object.metadata;
      if (name !== app && !name.startsWith(`${app}-`)) continue;
      if (type === 'DELETED') deployments.delete(name);
      else deployments.set(name, object);
    }
  };
  const watchRoutes = async (): Promise<void> => {
    for await (const { type, object } of cluster.watch<VirtualService>(resources.virtualServices, { signal }))
      if (object.metadata.name === app) routes = type === 'DELETED' ? undefined : object;
  };
  const watchLease = async (): Promise<void> => {
    for await (const { type, object } of cluster.watch<Lease>(resources.leases, { signal }))
      if (object.metadata.name === leaseName(app)) lease = type === 'DELETED' ? undefined : object;
  };
  follow(resources.deployments, watchDeployments());
  if (mesh) {
    follow(resources.virtualServices, watchRoutes());
    follow(resources.leases, watchLease());
  }
  return () => readStanding([...deployments.values()], routes, lease);
}

/** @param deployments those of the app alone */
export function readStanding(
  deployments: Deployment[],
  routes: VirtualService | undefined,
  lease: Lease | undefined,
): Standing {
  const one = deployments.find(({ metadata }) => metadata.name === app);
  const live = one ? versionOf(one) : liveVersion(routes);
  const serving = one ?? deployments.find((deployment) => versionOf(deployment) === live) ?? deployments[0];
  const record = readRecord(lease);
  return {
    layout: one ? 'rolling' : deployments.length > 0 ? 'versions' : 'none',
    pod: serving && isNaive(serving) ? 'naive' : 'correct',
    sidecar:
      serving?.spec.template.metadata?.annotations?.['sidecar.istio.io/nativeSidecar'] === 'false'
        ? 'classic'
        : 'native',
    live,
    halfDone: isUnfinished(record) ? { from: record.from, to: record.to } : undefined,
  };
}

const versionOf = ({ spec }: Deployment): string | undefined => spec.template.metadata?.labels?.['version'];

function liveVersion(routes: VirtualService | undefined): string | undefined {
  const subsets = (routes?.spec.http ?? []).flatMap(({ route = [] }) =>
    route.filter(({ weight }) => weight !== 0).map(({ destination }) => destination.subset),
  );
  const [first, ...others] = new Set(subsets);
  return others.length === 0 ? first : undefined;
}

/** The templates set one variable for the naive pod; without it the pod is correct. */
function isNaive({ spec }: Deployment): boolean {
  const containers = spec.template.spec.containers as { env?: { name: string; value?: string }[] }[];
  return containers.some(({ env = [] }) =>
    env.some(({ name, value }) => name === 'SHUTDOWN' && value === 'naive'),
  );
}
