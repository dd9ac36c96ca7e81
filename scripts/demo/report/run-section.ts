import { createCounts, lossKinds, type Account, type TimelineSlot } from '../../load/index.ts';
import type { Lane, RunView } from '../page/run-view.ts';
import type { ScenarioResult } from '../result.ts';
import { describeLosses, verdictWords } from '../table.ts';
import { countAsFortio, describeFortio } from './as-fortio.ts';
import { explain } from './explain.ts';
import { count, seconds } from './facts.ts';
import { Html, markup, table } from './html.ts';
import { anchorOf, viewRun } from './run-view.ts';

/** One run of the report: what was lost and why, the charts with their tables, the account. */
export function runSection(result: ScenarioResult): Html {
  const { title, weather, shows, verdict, account } = result;
  const { sentences, examples } = explain(result);
  const view = viewRun(result);
  const lost = account?.lost;
  const anchor = anchorOf(result);
  return markup`<section id="${anchor}" aria-labelledby="h-${anchor}">
    <div class="head">
      <h2 id="h-${anchor}">${title}, ${weather} weather</h2>
      <p class="count ${lost === 0 ? 'kept' : 'lost'}">${lost === undefined ? 'no load' : `${count(lost)} lost`}</p>
    </div>
    <p class="note">What it shows: ${shows}. Verdict: ${verdictWords[verdict]}.</p>
    <p class="why">${sentences.join(' ')}</p>
    ${account ? behind(account) : ''} ${view ? charts(view, account) : ''}
    ${
      examples.length === 0
        ? ''
        : markup`<h3>The requests that show it best</h3>
            <ol class="examples">${examples.map(
              ({ loss, meanwhile }) =>
                markup`<li>due at ${seconds(loss.dueMs)}, ended ${Math.round(loss.endMs - loss.sentMs)} ms after it
                    was sent as <b>${loss.kind}</b>${loss.pod === undefined ? '' : ` from ${loss.pod}`}:
                    “${loss.reason}”. ${meanwhile === '' ? '' : `Just then ${meanwhile}.`}</li>`,
            )}</ol>`
    }
    ${account ? asFortio(account) : ''} ${account ? accountTables(account) : ''}
  </section> `;
}

/**
 * A hint for busy machines: the chart shows requests by due time, so
 * late sending makes the bands below seem to disagree.
 */
function behind({ latencyMs: { fromDue, fromSend } }: Account): Html | string {
  const lateMs = fromDue.p99 - fromSend.p99;
  if (lateMs < 1_000) return '';
  return markup`<p class="note">This machine was too busy for the load: requests were sent up to ${seconds(lateMs)} after they were
    due, and each stands in the first band where it was due.</p>`;
}

function charts(view: RunView, account: Account | undefined): Html {
  return markup`<figure aria-label="${view.summary}">
      <ul class="legend">${view.outcomes.map(
        ({ name, colour, lost }) =>
          markup`<li><i style="background:var(--${colour})"></i>${lost ? `lost: ${name}` : `answered by ${name}`}</li>`,
      )}
        <li><i style="background:var(--ended)"></i>nobody answers there any more</li></ul>
      <div id="chart-${view.anchor}">
        <p class="note">The charts need JavaScript; the tables below say the same.</p>
      </div>
    </figure>
    <details>
      <summary>The charts as tables</summary>
      ${laneTable('The release', 'step', view.steps)} ${laneTable('Who sends where', 'proxy', view.proxies)}
      ${laneTable('The pods', 'pod', view.pods)} ${requestTable(account?.timeline ?? [])}
    </details> `;
}

function laneTable(caption: string, what: string, lanes: Lane[]): Html | string {
  if (lanes.length === 0) return '';
  return table(
    caption,
    [{ name: what }, { name: 'from', n: true }, { name: 'to', n: true }, { name: 'state' }],
    lanes.flatMap(({ name, segments }) =>
      segments.map(({ fromMs, toMs, label }) => [name, seconds(fromMs), seconds(toMs), label]),
    ),
  );
}

/** One row per second: the 300 rows of 100 ms are in report.json, and too many for a screen reader. */
function requestTable(slots: TimelineSlot[]): Html {
  const rows = new Map<number, Record<string, number>>();
  const outcomes = new Set<string>();
  for (const { atMs, ok, lost } of slots) {
    const second = Math.floor(atMs / 1000);
    const row = rows.get(second) ?? createCounts();
    for (const [outcome, n] of [...Object.entries(ok), ...Object.entries(lost)]) {
      outcomes.add(outcome);
      row[outcome] = (row[outcome] ?? 0) + n;
    }
    rows.set(second, row);
  }
  const columns = [...outcomes];
  return table(
    'Requests due in each second, by what became of them',
    [{ name: 'second' }, ...columns.map((name) => ({ name, n: true }))],
    [...rows].map(([second, row]) => [second, ...columns.map((name) => count(row[name] ?? 0))]),
  );
}

/** Our account and Fortio's, of the same requests. */
function asFortio(account: Account): Html {
  const { codes, errors } = countAsFortio(account);
  const range = ({ min, max }: { min: number; max: number }): string =>
    min === max ? count(max) : `${count(min)} to ${count(max)}`;
  const broken = lossKinds.reduce((sum, kind) => sum + account.byError[kind], 0);
  const hidden = account.onDeadConnection;
  return markup`<details>
    <summary>The same run as Fortio would count it</summary>
    <p class="note">${describeFortio(account)}</p>
    ${table(
      'Both counts',
      [{ name: 'what' }, { name: 'counted here', n: true }, { name: 'by Fortio', n: true }],
      [
        ['requests', count(account.sent), count(account.sent)],
        ...codes.map(({ code, n }) => [
          `status ${code}`,
          count(n),
          /^2/.test(code) ? range({ min: n, max: n + hidden }) : count(n),
        ]),
        ['no whole answer (its code -1)', count(broken), range({ min: broken - hidden, max: broken })],
        ['sent twice without a word', '0', count(hidden)],
        ['errors', count(account.lost), range(errors)],
      ],
    )}
  </details>`;
}

function accountTables(account: Account): Html {
  const { sent, ok, lost, byStatus, byError, byVersion, longestGapMs, latencyMs, connectionsOpened, late } =
    account;
  const rows: [string, string][] = [
    ['sent', count(sent)],
    ['answered well', count(ok)],
    ['lost', lost === 0 ? '0' : `${count(lost)} (${describeLosses(account)})`],
    ...Object.entries(byStatus).map(([status, n]): [string, string] => [`status ${status}`, count(n)]),
    ...lossKinds
      .filter((kind) => byError[kind] > 0)
      .map((kind): [string, string] => [kind, count(byError[kind])]),
    ...Object.entries(byVersion).map(([version, n]): [string, string] => [
      `answered by ${version}`,
      count(n),
    ]),
    ['longest time without a success', `${Math.round(longestGapMs)} ms`],
    ['latency from due time, p50 / p99 / max', percentiles(latencyMs.fromDue)],
    ['latency from sending, p50 / p99 / max', percentiles(latencyMs.fromSend)],
    ['requests that found every connection busy', count(late)],
    ['connections opened', count(connectionsOpened)],
  ];
  return markup`<details>
    <summary>The account</summary>
    ${table('The account', [{ name: 'what' }, { name: 'count', n: true }], rows)}
  </details>`;
}

const percentiles = ({ p50, p99, max }: Account['latencyMs']['fromDue']): string =>
  `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)} ms`;
