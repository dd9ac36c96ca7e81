import { lossKinds, type Account } from '../load/index.ts';
import type { ScenarioResult } from './result.ts';
import type { Verdict } from './verdict.ts';
import { printable } from '../shared/printable.ts';

export const verdictWords: Record<Verdict, string> = {
  kept: 'nothing lost, as promised',
  broken: 'BROKEN: promised to lose nothing',
  shown: 'loses, as expected',
  'not shown': 'lost nothing, though it may',
  open: 'nothing promised at this lag',
  failed: 'FAILED',
};

const columns = ['scenario', 'weather', 'sent', 'lost', 'how', 'versions', 'release', 'verdict'] as const;
/** Columns that are right-aligned. */
const rightAligned = new Set<string>(['sent', 'lost', 'release']);

/** The comparison in one table. */
export function drawTable(results: ScenarioResult[]): string {
  const rows = results.map((result) => cells(result).map((cell) => printable(cell)));
  const widths = columns.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return rightAligned.has(columns[index] ?? '') ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function cells({ id, weather, account, releaseMs, verdict }: ScenarioResult): string[] {
  const seconds = `${(releaseMs / 1000).toFixed(1)} s`;
  if (!account) return [id, weather, '-', '-', '-', '-', seconds, verdictWords[verdict]];
  const { sent, lost } = account;
  return [
    id,
    weather,
    count(sent),
    count(lost),
    describeLosses(account),
    describeVersions(account),
    seconds,
    verdictWords[verdict],
  ];
}

/** `503: 58, refused 3` */
export function describeLosses({ lost, byStatus, byError }: Account): string {
  if (lost === 0) return '-';
  const statuses = Object.entries(byStatus).filter(([status]) => Number(status) >= 300);
  return [
    ...statuses.map(([status, n]) => `${status}: ${count(n)}`),
    ...lossKinds.filter((kind) => byError[kind] > 0).map((kind) => `${kind} ${count(byError[kind])}`),
  ].join(', ');
}

function describeVersions({ byVersion }: Account): string {
  const versions = Object.entries(byVersion).sort(([a], [b]) => a.localeCompare(b));
  return versions.map(([version, n]) => `${version} ${count(n)}`).join(' ') || '-';
}

const count = (value: number): string => value.toLocaleString('en-US');
