import { drawTable } from './table.ts';
import type { ScenarioResult } from './result.ts';
import { passes } from './verdict.ts';
import { printable } from '../shared/printable.ts';

/** The end of the demo's output: the table, failures, and one sentence that sums up. */
export function summarizeDemo(results: ScenarioResult[]): string {
  const lines = [drawTable(results)];
  for (const { id, weather, error } of results) {
    if (error !== undefined) lines.push('', printable(`${id}, ${weather}: ${error}`));
  }
  for (const { id, weather, verdict, account } of results) {
    if (!account || account.lost === 0 || (verdict !== 'broken' && verdict !== 'shown')) continue;
    const [reason, n] = Object.entries(account.byReason).sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
    lines.push(
      '',
      `${id}, ${weather}: most often (${n.toLocaleString('en-US')} times) "${printable(reason)}"`,
    );
  }
  return [...lines, '', lastLine(results)].join('\n');
}

function lastLine(results: ScenarioResult[]): string {
  const failed = results.filter(({ verdict }) => !passes(verdict)).length;
  if (failed > 0) return `${failed} of ${results.length} runs did not do what they must.`;
  const kept = results.filter(({ verdict }) => verdict === 'kept');
  const losing = results.filter(({ account }) => (account?.lost ?? 0) > 0).length;
  const requests = kept.reduce((sum, { account }) => sum + (account?.sent ?? 0), 0);
  const promises =
    kept.length === 0
      ? ''
      : `${kept.length} of ${results.length} runs promised to lose nothing and lost none of ${requests.toLocaleString('en-US')} requests`;
  const losses = losing === 0 ? '' : `${losing} of ${results.length} lost some`;
  return `${[promises, losses].filter(Boolean).join('; ') || 'Nothing was promised, and nothing was lost'}.`;
}
