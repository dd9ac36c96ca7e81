import { clock, count, table } from './elements.ts';
import type { Lane, RunView } from './run-view.ts';

/** The charts as tables, for readers and screen readers. */
export function drawTables(run: RunView): HTMLElement[] {
  return [
    requestTable(run),
    laneTable('The release', 'step', run.steps),
    laneTable('Who sends where', 'proxy', run.proxies),
    laneTable('The pods', 'pod', run.pods),
  ];
}

function laneTable(caption: string, what: string, lanes: Lane[]): HTMLElement {
  return table(
    caption,
    [what, 'from', 'to', 'state'],
    lanes.flatMap(({ name, segments }) =>
      segments.map(({ fromMs, toMs, label }) => [name, clock(fromMs), clock(toMs), label]),
    ),
  );
}

/** One row per second: one per 100 ms would be too many for a screen reader. */
function requestTable({ requests, outcomes }: RunView): HTMLElement {
  const rows = new Map<number, Map<string, number>>();
  for (const { atMs, outcome, n } of requests) {
    const second = Math.floor(atMs / 1000);
    const row = rows.get(second) ?? new Map<string, number>();
    rows.set(second, row.set(outcome, (row.get(outcome) ?? 0) + n));
  }
  return table(
    'Requests in each second, by what became of them',
    ['second', ...outcomes.map(({ name, lost }) => (lost ? `lost: ${name}` : `answered by ${name}`))],
    [...rows].map(([second, row]) => [
      clock(second * 1000),
      ...outcomes.map(({ name }) => count(row.get(name) ?? 0)),
    ]),
  );
}
