/** The state of the cluster, read from the live objects only. There is no other source. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { fullHost } from '../../shared/istio-routes.ts';
import type { Deployment, Service } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { readLease, readRecord } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import type { LiveVersion, RouteTarget, TrafficRouting } from '../routing/traffic-routing.ts';
import { readHttpRouteRouting } from '../routing/http-route/named-objects.ts';
import { isFirstRevision, revisionOf } from '../routing/virtual-service/barrier.ts';
import { findRouteHolder } from '../routing/virtual-service/route-holder.ts';
import {
  explainMissing,
  namedDestinationRule,
  namedVirtualService,
} from '../routing/virtual-service/named-objects.ts';
import { createVirtualServiceRouting } from '../routing/virtual-service/virtual-service-routing.ts';
import { liveSubsets } from '../routing/virtual-service/virtual-service.ts';
import { plainIn } from './plain-service.ts';
import type { PlainService } from './plain-service.ts';
import { versionsOf } from './versions.ts';
import type { VersionDeployment } from './versions.ts';

export interface State {
  service: Service;
  lastSeen: TrafficRouting;
  target: RouteTarget;
  live: LiveVersion[];
  deployments: VersionDeployment[];
  record: SwitchRecord | undefined;
  /** Present when the state is read for an adoption. */
  plain?: PlainService;
}

/**
 * Reads the Service of an app with its VirtualService and DestinationRule; without a VirtualService, with its
 * HTTPRoute. Throws an error that names what is missing.
 */
export async function readState(cluster: Cluster, app: string): Promise<State> {
  const reading = cluster.get<Service>(resources.services, app);
  const [service, named, destinationRule, deployments, lease] = await Promise.all([
    reading,
    reading.then((found) => namedVirtualService(cluster, app, found)),
    reading.then((found) => namedDestinationRule(cluster, app, found)),
    cluster.list<Deployment>(resources.deployments),
    readLease(cluster, app),
  ]);
  const target = targetOf(cluster, app);
  const record = readRecord(lease);
  const other = service && !named ? await readHttpRouteRouting(cluster, service, target) : undefined;
  if (service && other) return stateOf({ service, lastSeen: other, deployments, record });
  if (!service || !named || !destinationRule)
    return explainMissing(cluster, app, { service, virtualService: named, destinationRule }, target);
  const holder = await findRouteHolder(cluster, named, target);
  // Without a record, only the first revision of the DestinationRule is known to be at every proxy.
  const isUntouched = record === undefined && isFirstRevision(destinationRule);
  const proven = isUntouched ? revisionOf(destinationRule) : record?.proven;
  const plain = plainIn(record);
  const lastSeen = createVirtualServiceRouting({ ...holder, destinationRule, plain }, target, { proven });
  return stateOf({ service, lastSeen, deployments, record });
}

function stateOf({
  service,
  lastSeen,
  deployments,
  record,
}: Pick<State, 'service' | 'lastSeen' | 'record'> & { deployments: Deployment[] }): State {
  return {
    service,
    lastSeen,
    target: lastSeen.target,
    live: lastSeen.live(),
    deployments: versionsOf({ service, lastSeen }, deployments),
    record,
  };
}

/** Reads the routes only: a failed read of other objects must not hide which version serves. */
export async function whoServes(cluster: Cluster, app: string): Promise<LiveVersion[] | undefined> {
  const target = targetOf(cluster, app);
  try {
    const service = await cluster.get<Service>(resources.services, app);
    const named = await namedVirtualService(cluster, app, service);
    if (named === undefined) return service && (await readHttpRouteRouting(cluster, service, target))?.live();
    const { virtualService } = await findRouteHolder(cluster, named, target);
    return liveSubsets(virtualService, target);
  } catch {
    return undefined;
  }
}

export function targetOf({ namespace }: Pick<Cluster, 'namespace'>, app: string): RouteTarget {
  return { host: fullHost(app, namespace), namespace };
}
