/** `npm run switch -- status`: reads where things stand and changes nothing. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isReady } from '../../shared/kubernetes.ts';
import { isUnfinished, readLease } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { readState } from '../cluster-state/read-state.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion, listVersionPods } from '../cluster-state/versions.ts';

export interface VersionStatus {
  /** Empty for all versions at once, where a route names no subset. */
  version: string;
  /** The share that the main route gives it, in percent. */
  share: number;
  /** Its subset; undefined where there is none. */
  subset: string | undefined;
  ready: number;
  /** Whether it has a Deployment; `replicas` is the size that this asks for. */
  deployed: boolean;
  replicas: number;
  /** Why requests to it are answered with 503: no subset or no ready pod. Undefined where they are not. */
  answers503: string | undefined;
}

export interface Status {
  app: string;
  /** The object that routes the app. */
  routes?: { kind: string; name: string };
  live: { version: string; weight: number }[];
  versions: VersionStatus[];
  /** The record of the last switch. */
  record: SwitchRecord | undefined;
  unfinished: boolean;
  /** The holder of the operator lease: a running switch, or a killed one. */
  holder: string | undefined;
}

export async function readStatus(cluster: Cluster, app: string): Promise<Status> {
  const state = await readState(cluster, app);
  const lease = await readLease(cluster, app);
  // A route may name a version whose Deployment is gone.
  const names = new Set([...state.deployments.map(({ version }) => version), ...state.lastSeen.receivers()]);
  const holder = lease?.spec.holderIdentity ?? '';
  return {
    app,
    routes: state.lastSeen.routesName,
    live: state.live.map(({ subset, weight }) => ({ version: subset, weight })),
    versions: await Promise.all([...names].map((version) => statusOf(cluster, state, version))),
    record: state.record,
    unfinished: isUnfinished(state.record),
    holder: holder === '' ? undefined : holder,
  };
}

async function statusOf(cluster: Cluster, state: State, version: string): Promise<VersionStatus> {
  const { lastSeen, deployments, service, live } = state;
  const isEvery = version === '';
  const told = isEvery ? { service, lastSeen: { labelsOf: () => ({}) } } : state;
  const ready = (await listVersionPods(cluster, told, version)).filter(isReady).length;
  const wanted = isEvery
    ? deployments.map(({ deployment }) => deployment)
    : [findVersion(deployments, version)].filter((found) => found !== undefined);
  const isKnown = isEvery || lastSeen.has(version);
  const problem = isKnown
    ? ready === 0
      ? 'no pod of it is ready'
      : undefined
    : lastSeen.describeUnknown(version);
  return {
    version,
    share: live.find(({ subset }) => subset === version)?.weight ?? 0,
    subset: isKnown && !isEvery ? version : undefined,
    ready,
    deployed: wanted.length > 0,
    replicas: wanted.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0),
    answers503: lastSeen.receivers().has(version) ? problem : undefined,
  };
}

/** Whether every route leads to ready pods. */
export function allServed({ versions }: Pick<Status, 'versions'>): boolean {
  return versions.every(({ answers503 }) => answers503 === undefined);
}
