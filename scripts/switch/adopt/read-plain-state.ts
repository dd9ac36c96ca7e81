/**
 * The state of an adoption. Missing routes or subsets are read as what the proxies do without them: every
 * request may go to every pod.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, DestinationRule, Pod, Service } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { PLAIN, hashOf, plainIn, plainSubset } from '../cluster-state/plain-service.ts';
import { targetOf } from '../cluster-state/read-state.ts';
import type { State } from '../cluster-state/read-state.ts';
import { versionsOf } from '../cluster-state/versions.ts';
import { readLease, readRecord } from '../lock/switch-record.ts';
import type { LiveVersion } from '../routing/traffic-routing.ts';
import { isFirstRevision, revisionOf } from '../routing/virtual-service/barrier.ts';
import { findRouteHolder } from '../routing/virtual-service/route-holder.ts';
import { versionOf } from '../routing/virtual-service/version-label.ts';
import { createVirtualServiceRouting } from '../routing/virtual-service/virtual-service-routing.ts';
import { annotationsFor, findRoutes, findRule, undivided, unrouted } from './objects-in-place.ts';

/** @throws {CommandError} where there is no such Service, or its routes are not the adoption's to write */
export async function readPlainState(cluster: Cluster, app: string): Promise<State> {
  const target = targetOf(cluster, app);
  const service = await cluster.get<Service>(resources.services, app);
  if (service === undefined)
    throw new CommandError(
      `${target.namespace} has no Service named ${app}; there is nothing to adopt. Choose with --app and --namespace.`,
    );
  const [routes, rule, deployments, lease, pods] = await Promise.all([
    findRoutes(cluster, service, target),
    findRule(cluster, service, target),
    cluster.list<Deployment>(resources.deployments),
    readLease(cluster, app),
    podsOf(cluster, service),
  ]);
  const record = readRecord(lease);
  const holder = routes
    ? await findRouteHolder(cluster, routes, target)
    : { virtualService: unrouted(service), roots: [] };
  const destinationRule = rule ?? undivided(service, lease);
  const known = {
    ...holder,
    destinationRule,
    missing: { virtualService: routes === undefined, destinationRule: rule === undefined },
  };
  const isUntouched = record === undefined && rule !== undefined && isFirstRevision(rule);
  const proven = isUntouched ? revisionOf(rule) : record?.proven;
  const hashes = hashesOf(known.destinationRule, pods);
  const plain = plainIn(record) ?? plainSubset(hashes[0] ?? '');
  const lastSeen = createVirtualServiceRouting({ ...known, plain }, target, { proven });
  const versions = versionsOf({ service, lastSeen }, deployments);
  const makes = { routes: routes === undefined, subsets: rule === undefined };
  return {
    service,
    lastSeen,
    target,
    live: asPlain(lastSeen.live()),
    deployments: versions,
    record,
    plain: {
      deployments: versions.flatMap(({ version, deployment }) => (version === PLAIN ? [deployment] : [])),
      hashes,
      makes,
      annotations: annotationsFor(service, { routes, rule }),
    },
  };
}

/** Reads the routes only; undefined where they cannot be read. Never throws. */
export async function whoServesPlain(cluster: Cluster, app: string): Promise<LiveVersion[] | undefined> {
  try {
    const { live } = await readPlainState(cluster, app);
    return live;
  } catch {
    return undefined;
  }
}

/** Until a route names a version, the plain pods serve all traffic. */
function asPlain(live: readonly LiveVersion[]): LiveVersion[] {
  return live.map((one) => (one.subset === '' ? { ...one, subset: PLAIN } : one));
}

async function podsOf(cluster: Cluster, { spec: { selector = {} } }: Service): Promise<Pod[]> {
  const pairs = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? [] : cluster.list<Pod>(resources.pods, { labelSelector: pairs.join(',') });
}

/** The template hashes of the pods without a version that are neither finished nor being deleted. */
function hashesOf(rule: DestinationRule, pods: readonly Pod[]): string[] {
  const here = pods.filter(
    ({ metadata: { deletionTimestamp, labels = {} }, status }) =>
      deletionTimestamp === undefined &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed' &&
      versionOf(labels, rule) === undefined,
  );
  return [...new Set(here.map(({ metadata }) => hashOf(metadata.labels)))];
}
