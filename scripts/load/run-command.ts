import { existsSync, statSync } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { CommandError, messageOf, UsageError } from '../shared/errors.ts';
import { printable, printableJson, printableLines } from '../shared/printable.ts';
import { NotReadableError, readRegularFile } from '../shared/regular-file.ts';
import type { Output } from '../shared/terminal.ts';
import { writeWholeFile } from '../shared/whole-file.ts';
import type { LoadCommandOptions } from './command-line.ts';
import { createFortioCollector } from './fortio-json.ts';
import { loadDefaults, type LoadProgress } from './load-options.ts';
import { createProgressLine } from './progress-line.ts';
import { readMachineLimits, verifyOwnLimits } from './own-limits.ts';
import { runLoad } from './run-load.ts';
import { summarize } from './summary.ts';
import { prepareTarget } from './target.ts';
import { verifyTls, type TlsMaterial } from './tls-check.ts';
import { whatNext } from './what-next.ts';
import { watchForWrongProtocol } from './wrong-protocol.ts';

export interface CommandSurroundings {
  stdin: Readable;
  stdout: Output;
  stderr: Output;
  /** Aborted by Ctrl-C: the account so far is still written. */
  signal: AbortSignal;
}

/** Runs the load, writes the account, and gives the exit code. */
export async function runCommand(options: LoadCommandOptions, around: CommandSurroundings): Promise<number> {
  const { stdout, stderr } = around;
  const fortio = options.fortioFile === undefined ? undefined : createFortioCollector();
  // Fail before the load, not after it.
  if (options.fortioFile !== undefined) await verifyWritable(options.fortioFile);
  const load = { ...options.load, tls: readMaterial(options.tlsFiles) };
  const { method = loadDefaults.method, headers = {}, body } = load;
  const target = prepareTarget({ ...load, method, headers, body });
  verifyOwnLimits(load.connections, readMachineLimits());
  if (target.url.protocol === 'https:') await verifyTls(target.tls, around.signal);
  const wrong = watchForWrongProtocol(target.url, target.tls, around.signal);
  const line = createProgressLine(stderr);
  const account = await runLoad({
    ...load,
    abandon: AbortSignal.any([around.signal, wrong.proven]),
    stop: options.stopOnStdinEnd ? endOf(around.stdin) : undefined,
    onProgress: options.progressJson
      ? (progress) => writeProgress(stderr, progress)
      : (progress) => wrong.said === undefined && line.show(progress),
    observe: (outcome, times) => {
      wrong.observe(outcome);
      fortio?.observe(outcome, times);
    },
  });
  await wrong.settled();
  line.clear();
  if (wrong.said !== undefined) throw new CommandError(wrong.said);
  // Write the account before the file: the file may fail.
  stdout.write(`${options.json ? printableJson(account) : printableLines(summarize(account))}\n`);
  for (const text of whatNext(account, load.expect)) stderr.write(`${printable(text)}\n`);
  if (options.fortioFile !== undefined && fortio) {
    await writeResult(options.fortioFile, `${JSON.stringify(fortio.toJson(account), null, 1)}\n`);
  }
  return account.lost > 0 || account.sent === 0 || account.ownLimit ? 1 : 0;
}

function writeProgress(stderr: Output, progress: LoadProgress): void {
  stderr.write(`${printableJson(progress)}\n`);
}

function endOf(stdin: Readable): AbortSignal {
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  stdin.once('end', stop).once('close', stop).once('error', stop);
  stdin.resume();
  return ended.signal;
}

/** A system's whole bundle of authorities has a few hundred KB. */
const MAX_MATERIAL_BYTES = 16 * 1024 * 1024;

/** Files of certificates; one that is missing, or no file, is wrong usage. */
function readMaterial(files: LoadCommandOptions['tlsFiles']): TlsMaterial {
  const read = (name: keyof TlsMaterial): string | undefined => {
    const file = files[name];
    try {
      return file === undefined
        ? undefined
        : readRegularFile(file, { maxBytes: MAX_MATERIAL_BYTES }).toString();
    } catch (error) {
      const what = error instanceof NotReadableError ? `${String(file)} ` : '';
      throw new UsageError(`--${name}-file: ${what}${messageOf(error)}`, { cause: error });
    }
  };
  return { ca: read('ca'), cert: read('cert'), key: read('key') };
}

/** Found out before the load: a result from before stays until there is another. */
async function verifyWritable(file: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const isNew = !existsSync(file);
    await (await open(file, 'a')).close();
    if (isNew) await rm(file);
  } catch (error) {
    throw new UsageError(`Cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** A file is written whole or not at all; standard output, devices and pipes are written into. */
async function writeResult(file: string, text: string): Promise<void> {
  try {
    const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() ?? true;
    if (isFile && !/^\/(dev|proc)\//.test(file)) writeWholeFile(file, text);
    else await writeFile(file, text);
  } catch (error) {
    const why = error instanceof CommandError && error.cause !== undefined ? error.cause : error;
    throw new CommandError(`Cannot write ${file}: ${messageOf(why)}`, { cause: error });
  }
}
