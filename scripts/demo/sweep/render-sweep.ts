import { formatDuration } from '../../shared/duration.ts';
import { formatLag } from './lag.ts';
import type { RealCount } from '../scenarios.ts';
import type { SweepView } from '../page/sweep-view.ts';
import { Html, markup, table } from '../report/html.ts';
import { page, type PageParts } from '../report/render-html.ts';
import { count, seconds } from '../report/facts.ts';
import type { Finding } from './findings.ts';
import type { SweepSettings, SweepPoint } from './sweep-state.ts';

const lagName = (ms: number): string => formatLag(ms).replace(' ', '\u00a0');

function lostAt({ points }: Finding, lagMs: number): SweepPoint | undefined {
  return points.find((point) => point.lagMs === lagMs);
}

function cell(point: SweepPoint | undefined): string {
  if (!point) return '';
  return point.account && point.verdict !== 'failed' ? count(point.account.lost) : 'failed';
}

/** `0 s: none of 10,000; 8 s: 172 to 278 of 14,000` */
function describeReal(real: RealCount[]): string {
  return real
    .map(({ lagMs, lost, sent }) => {
      const lostThere = lost.max === 0 ? 'none' : `${count(lost.min)} to ${count(lost.max)}`;
      return `${formatLag(lagMs)}: ${lostThere} of ${count(sent)}`;
    })
    .join('; ');
}

/** Losses over lag for the terminal. */
export function drawSweepTable(findings: Finding[], lagsMs: number[]): string {
  const head = ['lost at a lag of', ...lagsMs.map((ms) => formatLag(ms))];
  const rows = findings.map((finding) => [finding.id, ...lagsMs.map((ms) => cell(lostAt(finding, ms)))]);
  const widths = head.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((text, index) => (index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join('  ');
  const notes = findings.flatMap(({ id, measured, expected, real, differences }) => [
    `${id}: ${measured}; expected: ${expected}${real.length > 0 ? `; a real cluster: ${describeReal(real)}` : ''}`,
    ...differences.map((difference) => `  DIFFERS: ${difference}`),
  ]);
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), '', ...notes].join(
    '\n',
  );
}

export function viewSweep(findings: Finding[], lagsMs: number[]): SweepView {
  return {
    lagsMs,
    approaches: findings.map(({ id, title, points, breaksAtMs, real }) => ({
      id,
      title,
      breaksAtMs,
      real: real.map(({ lagMs, lost, sent }) => ({ lagMs, ...lost, sent })),
      points: points.flatMap(({ lagMs, account, verdict }) =>
        account && verdict !== 'failed' ? [{ lagMs, lost: account.lost, sent: account.sent }] : [],
      ),
    })),
    summary: findings.map(({ id, measured }) => `${id}: ${measured}`).join('. '),
  };
}

export function renderSweepMarkdown(findings: Finding[], lagsMs: number[], settings: SweepSettings): string {
  const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Losses over lag',
    '',
    `${describeSettings(settings)} How late the slowest proxy may be before an approach loses requests:`,
    '',
    row([
      'lost at a lag of',
      ...lagsMs.map((ms) => formatLag(ms)),
      'measured',
      'expected',
      'a real cluster',
      'differences',
    ]),
    row(['---', ...lagsMs.map(() => '---:'), '---', '---', '---', '---']),
    ...findings.map((finding) =>
      row([
        `\`${finding.id}\``,
        ...lagsMs.map((ms) => cell(lostAt(finding, ms))),
        finding.measured,
        finding.expected,
        describeReal(finding.real),
        finding.differences.join('; ') || 'none',
      ]),
    ),
    '',
  ].join('\n');
}

export function renderSweepHtml(
  findings: Finding[],
  lagsMs: number[],
  settings: SweepSettings,
  parts: PageParts,
): string {
  const title = 'How late may the slowest proxy be?';
  const view = viewSweep(findings, lagsMs);
  const numbers = table(
    'Lost requests by approach and lag',
    [{ name: 'approach' }, ...lagsMs.map((ms) => ({ name: lagName(ms), n: true }))],
    findings.map((finding) => [
      finding.title,
      ...lagsMs.map((ms) => {
        const point = lostAt(finding, ms);
        return markup`<span class="${point?.account?.lost === 0 ? 'kept' : 'lost'}">${cell(point)}</span>`;
      }),
    ]),
  );
  const verdicts = table(
    'Where each approach breaks',
    [
      { name: 'approach' },
      { name: 'measured' },
      { name: 'expected' },
      { name: 'a real cluster lost' },
      { name: 'differences' },
    ],
    findings.map(({ title: name, measured, expected, real, differences }) => [
      name,
      measured,
      expected,
      describeReal(real),
      differences.length === 0 ? 'none' : markup`<span class="lost">${differences.join('; ')}</span>`,
    ]),
  );
  const body = markup`<header><h1>${title}</h1><p class="lead">${describeSettings(settings)}</p></header>
    <main id="main">
      <section aria-label="The chart">
        <figure aria-label="${view.summary}">
          <p class="note">Filled: this sweep. Hollow: a real cluster (Kubernetes 1.36, Istio 1.31), from the least to the most of its runs.</p>
          <div id="chart-sweep"><p class="note">The chart needs JavaScript; the tables below say the same.</p></div>
        </figure>
      </section>
      <section class="big" aria-label="Where each approach breaks">${verdicts}</section>
      <section aria-label="The numbers">${numbers}</section>
      <section aria-label="Why">${findings.map(whyTable)}</section>
    </main>`;
  return page(title, body, { sweep: view }, parts);
}

function whyTable({ title, points }: Finding): Html {
  return markup`<details><summary>${title}: why</summary>${table(
    title,
    [{ name: 'lag' }, { name: 'lost', n: true }, { name: 'release', n: true }, { name: 'why' }],
    points.map((point) => [lagName(point.lagMs), cell(point), seconds(point.releaseMs), point.why.join(' ')]),
  )}</details>`;
}

function describeSettings({ qps, connections, seed, loadMs }: SweepSettings): string {
  return `${count(qps)} orders/s over ${count(connections)} kept-alive connections for at least ${formatDuration(loadMs)}, no retries, seed ${seed}; each number is one release on a fresh cluster.`;
}
