import type { Account, Percentiles } from './account.ts';
import { lossKinds } from './account.ts';

/** The account as people read it, after the manner of Fortio's last lines. */
export function summarize(account: Account): string {
  const { sent, lost, method, url, requestedQps, connections } = account;
  const lines = [
    `${method} ${url}: ${number(requestedQps)} requests/s due over ${number(connections)} connections, ${seconds(account.durationMs)}`,
    '',
    ...table([
      ...Object.entries(account.byStatus).map(([status, n]) => [`  ${status}`, number(n), share(n, sent)]),
      ...lossKinds
        .filter((kind) => account.byError[kind] > 0)
        .map((kind) => [`  ${kind}`, number(account.byError[kind]), share(account.byError[kind], sent)]),
      ...Object.entries(account.byVersion).map(([version, n]) => [
        `  from ${version}`,
        number(n),
        share(n, sent),
      ]),
    ]),
    '',
    ...latencies(account),
    `  longest time without a success: ${Math.round(account.longestGapMs)} ms`,
    `  connections opened: ${number(account.connectionsOpened)} (${number(connections)} if each could be kept)`,
  ];
  if (account.late > 0) lines.push(`  requests that waited for a free connection: ${number(account.late)}`);
  if (account.unsent > 0) lines.push(`  timeouts that never got a connection: ${number(account.unsent)}`);
  if (account.abandoned > 0)
    lines.push(`  aborted without an outcome, not counted: ${number(account.abandoned)}`);
  if (lost > 0) lines.push('', ...reasons(account));
  lines.push('', verdict(account));
  return lines.join('\n');
}

function latencies({ byStatus, latencyMs }: Account): string[] {
  if (Object.keys(byStatus).length === 0) return [];
  return [
    ...table([
      ['  latency (ms)', 'p50', 'p90', 'p99', 'p99.9', 'max'],
      ['  from due', ...percentileCells(latencyMs.fromDue)],
      ['  from send', ...percentileCells(latencyMs.fromSend)],
    ]),
    '',
  ];
}

function reasons({ byReason }: Account): string[] {
  const sorted = Object.entries(byReason).sort(([, a], [, b]) => b - a);
  return [
    '  what was said:',
    ...sorted.slice(0, 8).map(([reason, n]) => `    ${number(n).padStart(6)}  ${reason}`),
  ];
}

function verdict({ sent, lost, qps, ownLimit }: Account): string {
  const rate = `${qps.toFixed(1)} requests/s`;
  if (ownLimit) {
    return `Broken off: this machine could not send more (${ownLimit.code}), which is no fault of the service. Until then ${number(lost)} of ${number(sent)} requests were lost.`;
  }
  if (sent === 0) return 'No request ended.';
  return lost === 0
    ? `All ${number(sent)} requests answered, none lost, ${rate}.`
    : `${number(lost)} of ${number(sent)} requests lost (${share(lost, sent)}), ${rate}.`;
}

const percentileCells = ({ p50, p90, p99, p999, max }: Percentiles): string[] =>
  [p50, p90, p99, p999, max].map((ms) => ms.toFixed(ms < 100 ? 2 : 0));

const number = (value: number): string => value.toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const share = (part: number, whole: number): string =>
  `${whole === 0 ? '0' : ((100 * part) / whole).toFixed(2)} %`;

/** Columns: the first to the left, the others to the right. */
function table(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
      .trimEnd(),
  );
}
