/**
 * Runs every command's `main.ts`: an error becomes one line and an exit code, a signal a graceful shutdown.
 */
import path from 'node:path';
import { InterruptedError, isError, messageOf } from './errors.ts';
import { printable, printableLines, printableMessage } from './printable.ts';
import { watchOutputs } from './outputs.ts';
import { readVersion } from './version.ts';

export interface MainContext {
  /** The command line without node and the script. */
  argv: string[];
  env: NodeJS.ProcessEnv;
  /**
   * Aborted with an `InterruptedError` at the first SIGINT or SIGTERM.
   * One more, a second or longer after it, ends the process at once.
   */
  signal: AbortSignal;
  /** Starts to handle signals: from now on they abort the returned `signal`. See `MainOptions`. */
  hearSignals: () => AbortSignal;
  /**
   * Writes the result to stdout and waits until it has been taken, for a command that goes on running.
   * Rejects when it cannot be written whole; a closed pipe is not an error.
   */
  print: (text: string) => Promise<void>;
}

export interface MainOptions {
  /** Deadline of a command's shutdown after a signal. */
  graceMs?: number;
  /**
   * `when asked for`: until the command calls `hearSignals`, signals end the process as they do by default.
   * For synchronous work, during which no signal can be handled.
   */
  signals?: 'heard' | 'when asked for';
}

/** Ctrl-C reaches npm and this process, and npm forwards it: a second one within this time is the same. */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs a command, or says the version for `--version` alone, and ends the process with
 * its exit code (0 when it returns nothing): 1 and 2 as the error says, 130 or 143
 * after a signal. A signal aborts `signal`, and the command has `graceMs` to shut down.
 */
export async function runMain(
  command: (context: MainContext) => Promise<number | undefined>,
  { graceMs = 60_000, signals = 'heard' }: MainOptions = {},
): Promise<void> {
  const outputs = watchOutputs(process.stdout, process.stderr);
  // Handle SIGXFSZ, so that `ulimit -f` is a write error (EFBIG) and does not kill the process.
  process.on('SIGXFSZ', () => undefined);
  const controller = new AbortController();
  let firstAt = 0;
  let isOver = false;
  let areHeard = false;
  const onSignal = (signal: NodeJS.Signals) => {
    const interrupted = new InterruptedError(signal);
    if (!areHeard) process.exit(interrupted.exitCode);
    // Only an unread pipe can still be waited for.
    if (isOver) process.exit(interrupted.exitCode);
    if (controller.signal.aborted) {
      if (performance.now() - firstAt >= SAME_SIGNAL_MS) process.exit(interrupted.exitCode);
      return;
    }
    firstAt = performance.now();
    controller.abort(interrupted);
    setTimeout(() => process.exit(interrupted.exitCode), graceMs).unref();
  };
  const hearSignals = (): AbortSignal => {
    if (!areHeard) {
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
    }
    areHeard = true;
    return controller.signal;
  };
  if (signals === 'heard') hearSignals();
  onceNpmIsGone(() => onSignal('SIGTERM'));
  const { signal } = controller;
  const print = (text: string): Promise<void> => outputs.print(text, signal);

  const argv = process.argv.slice(2);
  const run = argv.length === 1 && argv[0] === '--version' ? printVersion : command;
  let exitCode: number;
  let failure: unknown;
  try {
    exitCode = (await run({ argv, env: process.env, signal, hearSignals, print })) ?? 0;
  } catch (error) {
    failure = error;
    exitCode = report(error);
  }
  if (signal.aborted) exitCode = (signal.reason as InterruptedError).exitCode;
  isOver = true;
  const lost = await outputs.settled();
  // A command that failed has printed its error.
  if (lost !== undefined && failure === undefined) {
    const incomplete = report(lost);
    exitCode ||= incomplete;
    await outputs.settled();
  }
  process.exit(exitCode);
}

function printVersion(): Promise<number> {
  process.stdout.write(`${readVersion()}\n`);
  return Promise.resolve(0);
}

/**
 * A killed npm forwards no signal, and a shell between npm and its command (dash; bash execs the command)
 * dies of one without forwarding it. In both cases the command is an orphan.
 */
function onceNpmIsGone(end: () => void): void {
  const { argv, env } = process;
  const script = argv[1] ?? '';
  // A script of the repository, or an installed tool.
  const names = [
    path.basename(path.dirname(script)),
    path.basename(script, '.js').replace('zero-downtime-', ''),
  ];
  if (!names.includes(env['npm_lifecycle_event'] ?? '')) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 250).unref();
}

function report(error: unknown): number {
  // parseArgs marks a wrong flag by its code; only the first sentence of its message names the flag.
  if (isError(error) && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`${printable(error.message.split('. ')[0] ?? error.message)}. See --help.\n`);
    return 2;
  }
  process.stderr.write(`${printableMessage(messageOf(error))}\n`);
  // Each of our error classes has its exit code.
  const { exitCode } = (isError(error) ? error : {}) as { exitCode?: unknown };
  if (typeof exitCode === 'number') return exitCode;
  // An unexpected error: one line for the person, the stack for a bug report.
  if (process.env['DEBUG'] && isError(error))
    process.stderr.write(`${printableLines(String(error.stack))}\n`);
  return 1;
}
