/** `npm run switch -- status`: where things stand, without changing anything. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isReady } from '../../shared/kubernetes.ts';
import { printable } from '../../shared/printable.ts';
import { isUnfinished, readLease } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { describeServing } from '../cluster-state/describe-serving.ts';
import { readState } from '../cluster-state/read-state.ts';
import { listVersionPods } from '../cluster-state/versions.ts';
import { waysOn } from '../next-command.ts';
import type { SwitchOptions } from '../types.ts';

export interface Status {
  app: string;
  live: { version: string; weight: number }[];
  versions: { version: string; ready: number; wanted: number; known: boolean }[];
  /** The last switch this project did here. */
  last: SwitchRecord | undefined;
  unfinished: boolean;
  /** Who switches right now, or did so when it was killed. */
  holder: string | undefined;
}

export async function readStatus(cluster: Cluster, app: string): Promise<Status> {
  const state = await readState(cluster, app);
  const lease = await readLease(cluster, app);
  const versions = await Promise.all(
    state.deployments.map(async ({ version, deployment }) => ({
      version,
      ready: (await listVersionPods(cluster, state, version)).filter(isReady).length,
      wanted: deployment.spec.replicas ?? 1,
      known: state.lastSeen.has(version),
    })),
  );
  const holder = lease?.spec.holderIdentity ?? '';
  return {
    app,
    live: state.live.map(({ subset, weight }) => ({ version: subset, weight })),
    versions,
    last: state.record,
    unfinished: isUnfinished(state.record),
    holder: holder === '' ? undefined : holder,
  };
}

/** @param options the flags that its commands say again */
export function describeStatus(
  { app, live, versions, last, unfinished, holder }: Status,
  { sameCluster }: Pick<SwitchOptions, 'sameCluster'> = {},
): string {
  const lines = [
    `${describeServing(live.map(({ version, weight }) => ({ subset: version, weight })))} of ${app}`,
  ];
  const longest = Math.max(12, ...versions.map(({ version }) => version.length));
  for (const { version, ready, wanted, known } of versions) {
    lines.push(
      `   ${version.padEnd(longest)} ${ready}/${wanted} pods ready${known ? '' : ', not in the DestinationRule'}`,
    );
  }
  if (holder !== undefined) lines.push(`   ${holder} holds the Lease`);
  if (last && unfinished) {
    lines.push(`The switch from ${last.from} to ${last.to} is half done (since ${last.startedAt}).`);
    const canGoBack = versions.some(({ version }) => version === last.from);
    lines.push(waysOn({ app, sameCluster }, last.to, canGoBack));
  } else if (last) {
    lines.push(
      `The last switch, from ${last.from} to ${last.to}, was ${last.phase === 'undone' ? 'undone' : 'finished'}.`,
    );
  }
  return lines.map((line) => printable(line)).join('\n');
}
