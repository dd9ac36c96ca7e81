import path from 'node:path';
import { type Environment, EnvironmentError } from './environment.ts';
import { surviveLostOutputs, written } from './outputs.ts';

/** What a signal does right now. */
export type SignalHandler = (signal: NodeJS.Signals) => void;

export interface Program {
  /** As in "The sidecar takes no arguments". */
  name: string;
  usage: string;
  /**
   * Loads the rest of the program and starts it: the signals are heard before that.
   * `onSignal` says what they do from then on; until it is called a signal ends the
   * process with 0. An `EnvironmentError` ends it with 2, any other with 1.
   */
  start: (environment: Environment, onSignal: (handler: SignalHandler) => void) => Promise<void>;
}

/** What the main.ts of every service does first. */
export async function runMain({ name, usage, start }: Program): Promise<void> {
  let handler: SignalHandler = () => process.exit(0);
  // A process that is PID 1 ignores signals it has no handler for.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      handler(signal);
    });
  hearNpmsEnd();
  surviveLostOutputs(process.stdout, process.stderr);
  // A log that may not grow (`ulimit -f`) is an error of the write, EFBIG, instead of the end of the process.
  process.on('SIGXFSZ', () => undefined);

  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    const lost = await written(process.stdout, usage);
    if (lost === undefined) return;
    await written(process.stderr, `stdout: ${lost}. The help is incomplete.\n`);
    process.exit(1);
  }
  try {
    if (args.length > 0)
      throw new EnvironmentError([`The ${name} takes no arguments, got ${args.join(' ')}.`]);
    await start(process.env, (next) => (handler = next));
  } catch (error) {
    await written(process.stderr, `${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof EnvironmentError ? 2 : 1);
  }
}

/**
 * `npm start` on a system whose shell does not pass signals on (dash): npm's SIGTERM ends that shell, and
 * this process goes to another parent. In a container node runs without npm, and gets signals itself.
 */
function hearNpmsEnd(): void {
  const main = path.relative(process.cwd(), process.argv[1] ?? '').replaceAll(path.sep, '/');
  if (process.env['npm_lifecycle_script']?.includes(main) !== true) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250).unref();
}
