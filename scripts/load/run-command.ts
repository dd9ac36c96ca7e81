import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { CommandError, messageOf, UsageError } from '../shared/errors.ts';
import { printable, printableJson, printableLines } from '../shared/printable.ts';
import type { Output } from '../shared/terminal.ts';
import type { Account } from './account.ts';
import type { LoadCommandOptions } from './command-line.ts';
import { createFortioCollector } from './fortio-json.ts';
import type { LoadOptions, LoadProgress } from './load-options.ts';
import { createProgressLine } from './progress-line.ts';
import { readMachineLimits, verifyOwnLimits } from './own-limits.ts';
import { runLoad } from './run-load.ts';
import { summarize } from './summary.ts';
import { isRedirect } from './tally.ts';

export interface CommandSurroundings {
  stdin: Readable;
  stdout: Output;
  stderr: Output;
  /** Aborted when the user breaks off: the account so far is still given. */
  signal: AbortSignal;
}

/** Runs the load, writes the account, and gives the exit code. */
export async function runCommand(options: LoadCommandOptions, around: CommandSurroundings): Promise<number> {
  const { stdout, stderr } = around;
  const fortio = options.fortioFile === undefined ? undefined : createFortioCollector();
  // Found out before the load, not after it.
  if (options.fortioFile !== undefined) await writeOrExplain(options.fortioFile, '');
  verifyOwnLimits(options.load.connections, readMachineLimits());
  const line = createProgressLine(stderr);
  const account = await runLoad({
    ...options.load,
    abandon: around.signal,
    stop: options.stopOnStdinEnd ? endOf(around.stdin) : undefined,
    onProgress: options.progressJson
      ? (progress) => writeProgress(stderr, progress)
      : (progress) => line.show(progress),
    observe: fortio && ((outcome, times) => fortio.observe(outcome, times)),
  });
  line.clear();
  // The account first: no file is worth more.
  stdout.write(`${options.json ? printableJson(account) : printableLines(summarize(account))}\n`);
  explainSilence(account, stderr);
  explainRedirects(account, options.load.expect, stderr);
  if (account.ownLimit)
    stderr.write(`The load broke off, not the service. ${printable(account.ownLimit.said)}\n`);
  if (options.fortioFile !== undefined && fortio) {
    await writeOrExplain(options.fortioFile, `${JSON.stringify(fortio.toJson(account), null, 1)}\n`);
  }
  return account.lost > 0 || account.sent === 0 || account.ownLimit ? 1 : 0;
}

function writeProgress(stderr: Output, progress: LoadProgress): void {
  stderr.write(`${printableJson(progress)}\n`);
}

/** When nothing at all was answered, the address is the first suspect. */
function explainSilence({ sent, byStatus, byReason, url }: Account, stderr: Output): void {
  if (sent === 0 || Object.keys(byStatus).length > 0) return;
  const [reason = ''] = Object.keys(byReason);
  stderr.write(
    `Nothing at ${new URL(url).host} answered (${printable(reason)}). Is the service running there?\n`,
  );
}

/** Redirects are not followed: the requests were answered, and nothing was done for them. */
function explainRedirects(
  { byStatus, byReason, url }: Account,
  expect: LoadOptions['expect'],
  stderr: Output,
): void {
  const expected = new Set(expect);
  const statuses = Object.keys(byStatus).filter(
    (status) => isRedirect(Number(status)) && !expected.has(Number(status)),
  );
  const [first] = statuses;
  if (first === undefined) return;
  const redirected = statuses.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
  const to = Object.keys(byReason).find((reason) => reason.startsWith(`${first} to `));
  const where = to ?? `${first} to nowhere it names`;
  stderr.write(
    `${new URL(url).host} redirects (${printable(where)}): a redirect is no order, and ${redirected.toLocaleString('en-US')} of them were not followed and count as lost. Name the address it leads to with --url, or say --expect ${statuses.join(',')} if that is the answer you want.\n`,
  );
}

function endOf(stdin: Readable): AbortSignal {
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  stdin.once('end', stop).once('close', stop).once('error', stop);
  stdin.resume();
  return ended.signal;
}

async function writeOrExplain(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    const message = `Cannot write ${file}: ${messageOf(error)}`;
    throw text === ''
      ? new UsageError(message, { cause: error })
      : new CommandError(message, { cause: error });
  }
}
