/** Where things stand, read from the live objects: nothing is assumed and nothing is remembered elsewhere. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, DestinationRule, Service, VirtualService } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { readLease, readRecord } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { fullHost } from '../routing/istio-names.ts';
import type { LiveVersion, RouteTarget, TrafficRouting } from '../routing/traffic-routing.ts';
import { findRouteHolder } from '../routing/virtual-service/route-holder.ts';
import { createVirtualServiceRouting } from '../routing/virtual-service/virtual-service-routing.ts';
import { liveSubsets } from '../routing/virtual-service/virtual-service.ts';
import { versionsOf } from './versions.ts';
import type { VersionDeployment } from './versions.ts';

export interface State {
  service: Service;
  lastSeen: TrafficRouting;
  target: RouteTarget;
  live: LiveVersion[];
  deployments: VersionDeployment[];
  record: SwitchRecord | undefined;
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
  const target = targetOf(cluster, app);
  const holder = await findRouteHolder(cluster, named, target);
  const lastSeen = createVirtualServiceRouting({ ...holder, destinationRule }, target);
  return {
    service,
    lastSeen,
    target,
    live: lastSeen.live(),
    deployments: versionsOf({ service, lastSeen }, deployments),
    record: readRecord(lease),
  };
}

/** Asks for nothing but the routes: what else cannot be read at the end must not hide who serves. */
export async function whoServes(cluster: Cluster, app: string): Promise<LiveVersion[] | undefined> {
  const target = targetOf(cluster, app);
  try {
    const named = await cluster.get<VirtualService>(resources.virtualServices, app);
    if (named === undefined) return undefined;
    const { virtualService } = await findRouteHolder(cluster, named, target);
    return liveSubsets(virtualService, target);
  } catch {
    return undefined;
  }
}

function targetOf({ namespace }: Cluster, app: string): RouteTarget {
  return { host: fullHost(app, namespace), namespace };
}
