/** Describes the status for the user. */
import { printable } from '../../shared/printable.ts';
import { describeServing } from '../cluster-state/describe-serving.ts';
import { waysOn } from '../next-command.ts';
import type { SwitchOptions } from '../types.ts';
import { allServed } from './status.ts';
import type { Status, VersionStatus } from './status.ts';

/** @param options the flags that the suggested commands repeat */
export function describeStatus(
  status: Status,
  { sameCluster }: Pick<SwitchOptions, 'sameCluster'> = {},
): string {
  const { app, versions, record, unfinished, holder } = status;
  const lines = [describeTraffic(status), ...describeVersions(status)];
  if (holder !== undefined) lines.push(`   ${holder} holds the Lease`);
  if (record && unfinished) {
    const what = record.adopts
      ? `The adoption as ${record.to}`
      : `The switch from ${record.from} to ${record.to}`;
    lines.push(`${what} is half done (since ${record.startedAt}).`);
    const canGoBack = versions.some(({ version, deployed }) => version === record.from && deployed);
    lines.push(waysOn({ app, sameCluster, adopt: record.adopts !== undefined }, record.to, canGoBack));
  } else if (record) {
    const what = record.adopts ? 'The adoption as' : `The last switch, from ${record.from} to`;
    lines.push(`${what} ${record.to}, was ${record.phase === 'undone' ? 'undone' : 'finished'}.`);
  }
  if (!allServed(status)) lines.push(describeWayOut(versions));
  return lines.map((line) => printable(line)).join('\n');
}

/** A version whose requests are answered with 503 is not said to serve. */
function describeTraffic({ app, live, versions }: Pick<Status, 'app' | 'live' | 'versions'>): string {
  const serving = `${describeServing(live.map(({ version, weight }) => ({ subset: version, weight })))} of ${app}`;
  const dead = versions.filter(
    ({ version, answers503 }) =>
      answers503 !== undefined && live.some((one) => one.version === version && one.weight > 0),
  );
  if (dead.length === 0) return serving;
  const gets = serving.replace(' serves ', ' gets ');
  if (live.length === 1) return `${gets} and answers 503`;
  const names = dead.map(({ version }) => version || 'every version');
  return `${gets}, and ${names.join(' and ')} answers 503`;
}

/** Why proxies do not have the version, by the kind of object that should define it. */
const untold = (kind: string | undefined) =>
  kind === 'HTTPRoute' ? 'without a Service' : 'not in the DestinationRule';

function describeVersions({ versions, routes }: Pick<Status, 'versions' | 'routes'>): string[] {
  const longest = Math.max(12, ...versions.map(({ version }) => version.length));
  return versions.map(({ version, share, subset, ready, replicas, answers503 }) => {
    const parts = [
      `${ready}/${replicas} pods ready`,
      `${share} % of the traffic`,
      ...(version === '' || subset !== undefined ? [] : [untold(routes?.kind)]),
      ...(answers503 === undefined ? [] : [`answers 503: ${answers503}`]),
    ];
    return `   ${(version || 'every version').padEnd(longest)} ${parts.join(', ')}`;
  });
}

function describeWayOut(versions: readonly VersionStatus[]): string {
  const able = versions.filter(({ version, ready }) => version !== '' && ready > 0);
  const names = able.map(({ version }) => version).join(', ');
  return able.length > 0
    ? `Apply a route and a subset that lead to a version with ready pods: ${names}.`
    : 'No version has a ready pod: look at the pods first.';
}
