import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notBundled } from '../shared/bundle.ts';
import { CommandError, messageOf } from '../shared/errors.ts';
import { unfailing } from '../shared/unfailing.ts';
import { makeTempFolder } from '../shared/own-folder.ts';
import type { Account } from './account.ts';
import type { LoadOptions, LoadProgress } from './load-options.ts';

export type LoadProcessOptions = Pick<
  LoadOptions,
  | 'url'
  | 'qps'
  | 'connections'
  | 'method'
  | 'body'
  | 'headers'
  | 'timeoutMs'
  | 'expect'
  | 'timeline'
  | 'onProgress'
> & {
  /** The load ends by itself after this time, unless it is stopped before. */
  longestMs: number;
  /** Where the bundled program lies until it has started. Default: the system's temp folder. */
  folder?: string;
};

export interface LoadProcess {
  /** Resolves when the first requests have been sent. */
  readonly started: Promise<void>;
  /** No request becomes due any more; resolves with the account when the last one has ended. */
  stop(): Promise<Account>;
  /** The account of a load that ended by itself, at its longest duration. */
  readonly account: Promise<Account>;
  /** Ends the process at once; resolves when nothing of it is left. */
  kill(): Promise<void>;
}

/**
 * Runs the load in a process of its own, so that a busy demo does not delay its clock,
 * nor it the demo. It stops when its stdin ends, so it cannot outlive its parent. A
 * Ctrl-C in the terminal does not reach it, so that it still reports its account.
 */
export async function startLoadProcess(options: LoadProcessOptions): Promise<LoadProcess> {
  const folder = makeTempFolder('coffee-shop-load-', options.folder);
  const program = path.join(folder, 'load.mjs');
  let removal: Promise<void> | undefined;
  const removeProgram = (): Promise<void> => (removal ??= rm(folder, { recursive: true, force: true }));
  try {
    await bundleLoad(program);
  } catch (error) {
    await removeProgram();
    throw error;
  }
  const child = spawn(
    process.execPath,
    [program, '--json', '--progress-json', '--stop-on-stdin-end', ...loadArguments(options)],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    },
  );
  // Killed before it read the end of its stdin: no account.
  child.stdin.on('error', () => undefined);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const complaints: string[] = [];
  let begun: () => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const started = new Promise<void>((resolve, reject) => {
    begun = resolve;
    failed = reject;
  });
  const { onProgress } = unfailing({ onProgress: options.onProgress }, (error) =>
    complaints.push(messageOf(error)),
  );
  createInterface({ input: child.stderr }).on('line', (line) => {
    const progress = readProgress(line);
    if (progress === undefined) {
      complaints.push(line);
      return;
    }
    begun();
    // The program is in memory now: its file is removed at once, so
    // that even a SIGKILL leaves nothing behind.
    void removeProgram();
    onProgress?.(progress);
  });
  const account = new Promise<Account>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const told = output !== '' && (code === 0 || code === 1) ? (JSON.parse(output) as Account) : undefined;
      // An account that ended by a limit of this machine proves nothing about the release.
      if (told && !told.ownLimit) resolve(told);
      else
        reject(
          new CommandError(
            `The load ended with ${signal ?? `exit code ${String(code)}`}. ${complaints.join(' ')}`,
          ),
        );
    });
  }).finally(removeProgram);
  account.catch((error: unknown) => failed(error as Error));
  started.catch(() => undefined);
  return {
    started,
    account,
    stop() {
      child.stdin.end();
      return account;
    },
    async kill() {
      child.kill('SIGKILL');
      await account.catch(() => undefined);
    },
  };
}

/**
 * A line of the log of a load with `--json` and `--progress-json`,
 * where both outputs are one; undefined when it is anything else.
 */
export function readOutputLine(line: string): { progress: LoadProgress } | { account: Account } | undefined {
  const read = readProgress(line) as LoadProgress | Account | undefined;
  if (read === undefined) return undefined;
  return 'startedAt' in read ? { account: read } : { progress: read };
}

/** A line of `--progress-json`; undefined when it is anything else, such as half of one. */
function readProgress(line: string): LoadProgress | undefined {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as LoadProgress) : undefined;
  } catch {
    return undefined;
  }
}

async function bundleLoad(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw notBundled(outfile, error);
  });
}

/** The flags of the load, whether it runs as a process or as a Job. */
export function loadArguments(options: LoadProcessOptions): string[] {
  const {
    url,
    qps,
    connections,
    method,
    body,
    headers = {},
    timeoutMs,
    expect = [],
    timeline,
    longestMs,
  } = options;
  return [
    ...flag('url', url),
    ...flag('qps', qps),
    ...flag('connections', connections),
    ...flag('duration', `${Math.ceil(longestMs)}ms`),
    ...flag('method', method),
    ...flag('body', body),
    ...flag('timeout', timeoutMs === undefined ? undefined : `${timeoutMs}ms`),
    ...Object.entries(headers).flatMap(([name, value]) => flag('header', `${name}: ${value}`)),
    ...[...expect].flatMap((status) => flag('expect', status)),
    ...(timeline ? ['--timeline'] : []),
  ];
}

const flag = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`--${name}=${value}`];
