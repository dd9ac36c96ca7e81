import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UsageError } from '../shared/errors.ts';
import type { Output } from '../shared/terminal.ts';
import type { DemoCommandOptions } from './command-line.ts';
import { runDemo, type DemoSurroundings } from './run-demo.ts';
import { summarizeDemo } from './summary.ts';
import { passes } from './verdict.ts';

/** Runs the demo, writes its report, and gives the exit code. */
export async function runCommand(
  command: DemoCommandOptions,
  { stdout, ...around }: DemoSurroundings & { stdout: Output },
): Promise<number> {
  const { outDir, json } = command;
  if (outDir !== undefined) await createFolder(outDir);
  const report = await runDemo(command, around);
  const text = JSON.stringify(report, null, json ? 0 : 1);
  if (outDir !== undefined) await writeFile(path.join(outDir, 'report.json'), `${text}\n`);
  stdout.write(json ? `${text}\n` : `\n${summarizeDemo(report.scenarios)}\n`);
  return report.scenarios.every(({ verdict }) => passes(verdict)) ? 0 : 1;
}

/** Before the first release: a report that cannot be written must not cost three minutes. */
async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out ${folder}: ${messageOf(error)}`, { cause: error });
  }
}
