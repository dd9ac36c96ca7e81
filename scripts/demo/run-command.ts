import { mkdir } from 'node:fs/promises';
import { messageOf, UsageError } from '../shared/errors.ts';
import type { Output } from '../shared/terminal.ts';
import type { DemoCommandOptions } from './command-line.ts';
import { keepReportFolder, newReportFolder } from './report/report-folder.ts';
import { writeReport } from './report/write-report.ts';
import { createLiveStage } from './live/live-stage.ts';
import { startLiveServer } from './live/live-server.ts';
import { runDemo, type DemoReport, type DemoSurroundings } from './run-demo.ts';
import { summarizeDemo } from './summary.ts';
import { sweepCommand } from './sweep/sweep-command.ts';
import { passes } from './verdict.ts';
import { printableJson, printableLines } from '../shared/printable.ts';

/** Runs the demo, writes its report, and returns the exit code. */
export async function runCommand(
  command: DemoCommandOptions,
  { stdout, tempFolder, ...around }: DemoSurroundings & { stdout: Output; tempFolder: string },
): Promise<number> {
  const { outDir, json, sweep, settings } = command;
  if (outDir !== undefined) await createFolder(outDir);
  const newFolder = (): Promise<string> => newReportFolder(tempFolder);
  if (sweep) {
    const folder = outDir ?? (await newFolder());
    return sweepCommand({ ...sweep, settings, folder, json }, { ...around, stdout });
  }
  const report = await (command.live ? runLive : runDemo)(command, around);
  // Print the table first: a full disk must not cost it.
  stdout.write(
    json ? `${printableJson(report)}\n` : `\n${printableLines(summarizeDemo(report.scenarios))}\n`,
  );
  const page = await writeReport(outDir ?? (await newFolder()), report);
  around.stderr.write(`\nThe report, with every request on the clock of the release: ${page}\n`);
  return report.scenarios.every(({ verdict }) => passes(verdict)) ? 0 : 1;
}

/** The same runs, with a page that shows them while they happen. */
async function runLive(command: DemoCommandOptions, around: DemoSurroundings): Promise<DemoReport> {
  const stage = createLiveStage(command.runs);
  const server = await startLiveServer({ view: () => stage.view() });
  around.stderr.write(`Watch it live, on this machine only: ${server.url}\n`);
  try {
    return await runDemo(command, { ...around, stage });
  } finally {
    stage.finish();
    await server.close();
  }
}

/** Check the folder before the first release: an unwritable one must not cost three minutes. */
async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await keepReportFolder(folder);
  } catch (error) {
    throw new UsageError(`--out ${folder}: ${messageOf(error)}`, { cause: error });
  }
}
