import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Sees to it that a process ends when the playground does, however that ends. */
export interface ProcessGuard {
  /** Put into the environment of every child. */
  readonly env: Record<string, string>;
  /** Registers a child that leads a process group of its own. */
  watch(child: ChildProcess): void;
}

export interface EnvoyProcess {
  /** Resolves with what it said last and how it ended. */
  readonly ended: Promise<string>;
  /** As a pilot-agent that is done ends its Envoy: at once. Resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts an Envoy with Istio's settings: draining answers end their
 * connections at once, and nothing is closed for 45 s.
 */
export function startEnvoy(options: {
  binary: string;
  configFile: string;
  guard: ProcessGuard | undefined;
}): EnvoyProcess {
  const child = spawn(
    options.binary,
    [
      ...['--config-path', options.configFile],
      ...['--concurrency', '1'],
      ...['--log-level', 'error'],
      ...['--file-flush-interval-msec', '100'],
      ...['--drain-time-s', '45'],
      ...['--drain-strategy', 'immediate'],
      ...['--parent-shutdown-time-s', '60'],
      '--disable-hot-restart',
    ],
    {
      // A group of its own: Ctrl-C reaches the playground, which decides when its proxies end.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...options.guard?.env },
    },
  );
  options.guard?.watch(child);
  let lastWords = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (lastWords = (lastWords + text).slice(-2000)));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`Envoy could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      resolve(
        `Envoy ended (${signal ?? `exit code ${code ?? 'unknown'}`}).${lastWords === '' ? '' : `\n${lastWords}`}`,
      );
    });
  });
  return {
    ended,
    async kill() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
