import { setTimeout as setTimer } from 'node:timers';
import type { Config } from './config.ts';

const usage = `The lifecycle sidecar. It takes no arguments; services/lifecycle-sidecar/config.ts lists its environment variables.

Example: APP_ADMIN_URL=http://127.0.0.1:9090 npm run sidecar
`;

/** What a signal does right now. A process that is PID 1 ignores signals it has no handler for. */
let atSignal: (signal: NodeJS.Signals) => void = () => process.exit(0);

async function main(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      atSignal(signal);
    });
  // Nobody reads the log any more: the hook must be answered all the same.
  process.stdout.on('error', () => undefined);

  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return;
  }
  if (args.length > 0) stop(2, `The sidecar takes no arguments, got ${args.join(' ')}.`);

  // Loaded here, so that the handlers above are in place while the rest is still being read.
  const { readConfig } = await import('./config.ts');
  const { EnvironmentError } = await import('../shared/environment.ts');
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (error instanceof EnvironmentError) stop(2, error.message);
    throw error;
  }
  const { createLog } = await import('../shared/log.ts');
  const { monotonicClock: clock } = await import('../shared/clock.ts');
  const { createWatch } = await import('./create-watch.ts');
  const { createSidecar } = await import('./sidecar.ts');
  const log = createLog({
    level: config.logLevel,
    always: { pod: config.pod },
    write: (line) => process.stdout.write(line),
  });
  const sidecar = createSidecar({ config, clock, log, watch: createWatch(config, { clock, log }) });

  let stopping = false;
  atSignal = (signal) => {
    log.info('signal', { signal });
    // Ctrl-C is a person who wants it to end.
    if (signal === 'SIGINT') process.exit(130);
    if (stopping) return;
    stopping = true;
    setTimer(
      () => {
        log.error('did not end in time');
        process.exit(1);
      },
      config.rule.deadlineMs + config.graceMs + 5_000,
    ).unref();
    void sidecar.stop().then(() => process.exit(0));
  };
  try {
    await sidecar.start();
  } catch (error) {
    stop(1, error instanceof Error ? error.message : String(error));
  }
}

function stop(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

void main();
