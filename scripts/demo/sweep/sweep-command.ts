import path from 'node:path';
import type { Output } from '../../shared/terminal.ts';
import { writeWholeFile } from '../../shared/whole-file.ts';
import { loadPageParts } from '../report/page-parts.ts';
import type { DemoSurroundings } from '../run-demo.ts';
import { passes } from '../verdict.ts';
import { findingOf } from './findings.ts';
import { drawSweepTable, renderSweepHtml, renderSweepMarkdown } from './render-sweep.ts';
import { runSweep, type SweepOptions } from './run-sweep.ts';
import { printableJson, printableLines } from '../../shared/printable.ts';

/** Runs a sweep, writes its report beside its state, and returns the exit code. */
export async function sweepCommand(
  options: SweepOptions & { json: boolean },
  { stdout, ...around }: DemoSurroundings & { stdout: Output },
): Promise<number> {
  const { scenarios, lagsMs, folder, json } = options;
  const { settings, points: all } = await runSweep(options, around);
  const asked = all.filter(
    ({ id, lagMs }) => lagsMs.includes(lagMs) && scenarios.some((scenario) => scenario.id === id),
  );
  const findings = scenarios.map((scenario) => findingOf(scenario, asked));
  const html = path.join(folder, 'report.html');
  const result = {
    settings: { ...settings, lagsMs },
    approaches: findings.map(({ points, ...finding }) => ({ ...finding, points })),
  };
  // Print the table first: a full disk must not cost it.
  stdout.write(
    json ? `${printableJson(result)}\n` : `\n${printableLines(drawSweepTable(findings, lagsMs))}\n`,
  );
  writeWholeFile(path.join(folder, 'report.json'), `${printableJson(result)}\n`);
  writeWholeFile(path.join(folder, 'report.md'), renderSweepMarkdown(findings, lagsMs, settings));
  writeWholeFile(html, renderSweepHtml(findings, lagsMs, settings, await loadPageParts()));
  around.stderr.write(`\nThe chart of losses over lag: ${html}\n`);
  return asked.every(({ verdict }) => passes(verdict)) ? 0 : 1;
}
