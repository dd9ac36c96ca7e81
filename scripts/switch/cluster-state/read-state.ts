/** Where things stand, read from the live objects: nothing is assumed and nothing is remembered elsewhere. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, DestinationRule, Pod, Service, VirtualService } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { fullHost } from '../routing/istio-names.ts';
import { readLease, readRecord } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { findRouteHolder } from '../routing/virtual-service/route-holder.ts';
import { liveSubsets } from '../routing/virtual-service/virtual-service.ts';
import type { RouteTarget } from '../routing/virtual-service/virtual-service.ts';
import { findSubset } from '../routing/virtual-service/destination-rule.ts';

export interface State {
  service: Service;
  /** The one that holds the routes. */
  virtualService: VirtualService;
  /** Those that delegate to it. */
  roots: readonly VirtualService[];
  destinationRule: DestinationRule;
  target: RouteTarget;
  /** The subsets the main route names, heaviest first. */
  live: { subset: string; weight: number }[];
  deployments: VersionDeployment[];
  record: SwitchRecord | undefined;
}

export interface VersionDeployment {
  version: string;
  deployment: Deployment;
}

/** Reads the Service, DestinationRule and VirtualService of an app and what belongs to them. Says which is missing. */
export async function readState(cluster: Cluster, app: string): Promise<State> {
  const { namespace } = cluster;
  const [service, named, destinationRule, deployments, lease] = await Promise.all([
    cluster.get<Service>(resources.services, app),
    cluster.get<VirtualService>(resources.virtualServices, app),
    cluster.get<DestinationRule>(resources.destinationRules, app),
    cluster.list<Deployment>(resources.deployments),
    readLease(cluster, app),
  ]);
  const missing = [
    service ? '' : 'Service',
    named ? '' : 'VirtualService',
    destinationRule ? '' : 'DestinationRule',
  ].filter((kind) => kind !== '');
  if (!service || !named || !destinationRule) {
    throw new CommandError(
      `${namespace} has no ${missing.join(', no ')} named ${app}; there is nothing to switch. Apply the sets of istio/cluster.yaml first, or choose with --app and --namespace.`,
    );
  }
  const target = { host: fullHost(app, namespace), namespace };
  const { virtualService, roots } = await findRouteHolder(cluster, named, target);
  return {
    service,
    virtualService,
    roots,
    destinationRule,
    target,
    live: liveSubsets(virtualService, target),
    deployments: versionsOf(service, deployments),
    record: readRecord(lease),
  };
}

/** The Deployments whose pods the Service selects, by their version. */
export async function listVersions(cluster: Cluster, service: Service): Promise<VersionDeployment[]> {
  return versionsOf(service, await cluster.list<Deployment>(resources.deployments));
}

function versionsOf({ spec: { selector = {} } }: Service, deployments: Deployment[]): VersionDeployment[] {
  return deployments.flatMap((deployment): VersionDeployment[] => {
    const labels = deployment.spec.template.metadata?.labels ?? {};
    const version = labels['version'];
    return version !== undefined && includesAll(labels, selector) ? [{ version, deployment }] : [];
  });
}

/** The pods of one version: what the Service selects, narrowed by the labels of the subset. Ready or not, ending or not. */
export async function listVersionPods(
  cluster: Cluster,
  { service, destinationRule }: Pick<State, 'service' | 'destinationRule'>,
  version: string,
): Promise<Pod[]> {
  const labels = {
    ...service.spec.selector,
    ...(findSubset(destinationRule, version)?.labels ?? { version }),
  };
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return cluster.list<Pod>(resources.pods, { labelSelector });
}

export function includesAll(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** `v1 serves all traffic`, or `v1 serves 95 % and v2 5 % of all traffic`. */
export function describeServing(live: State['live']): string {
  if (live.length === 0) return 'nobody serves any traffic';
  if (live.length === 1) return `${describeLive(live)} serves all traffic`;
  const [first, ...others] = live.map(({ subset, weight }) => ({
    version: subset || 'every version',
    weight,
  }));
  const more = others.map(({ version, weight }) => `${version} ${weight} %`);
  return `${first?.version ?? ''} serves ${first?.weight ?? 0} % and ${more.join(', ')} of all traffic`;
}

/** `v1`, or `v1 95 %, v2 5 %`. */
export function describeLive(live: State['live']): string {
  if (live.length === 0) return 'nobody';
  return live.length === 1
    ? (live[0]?.subset ?? '') || 'every version'
    : live.map(({ subset, weight }) => `${subset} ${weight} %`).join(', ');
}
