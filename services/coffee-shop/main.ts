import { setTimeout as setTimer } from 'node:timers';
import type { Log } from '../shared/log.ts';
import type { Config } from './config.ts';
import type { Service } from './service.ts';

const usage = `The coffee-shop service. It takes no arguments; services/coffee-shop/config.ts lists its environment variables.

Example: PORT=8080 ADMIN_PORT=9090 VERSION=v1 npm start
`;

/** What a signal does right now. A process that is PID 1 ignores signals it has no handler for. */
let atSignal: (signal: NodeJS.Signals) => void = () => process.exit(0);

async function main(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      atSignal(signal);
    });
  // Nobody reads the log any more: that is no reason to stop serving.
  process.stdout.on('error', () => undefined);

  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return;
  }
  if (args.length > 0) stop(2, `The service takes no arguments, got ${args.join(' ')}.`);

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
  const { createService } = await import('./service.ts');
  const { monotonicClock } = await import('../shared/clock.ts');
  const log = createLog({
    level: config.logLevel,
    always: { version: config.version, pod: config.pod },
    write: (line) => process.stdout.write(line),
  });

  let exitCode = 0;
  const service = createService({
    config,
    clock: monotonicClock,
    log,
    onClosed: () => process.exit(exitCode),
  });
  atSignal = config.shutdown === 'naive' ? leaveAtOnce(log) : watchOver(config, log, service);
  process.on('uncaughtException', (error) => {
    log.error('uncaught error', { error });
    if (config.shutdown === 'naive') process.exit(1);
    exitCode = 1;
    service.hurry();
    // The one way to end: terminus' own.
    process.emit('SIGTERM', 'SIGTERM');
  });
  await start(service);
}

async function start(service: Service): Promise<void> {
  try {
    await service.start();
  } catch (error) {
    stop(1, error instanceof Error ? error.message : String(error));
  }
}

function leaveAtOnce(log: Log): typeof atSignal {
  return (signal) => {
    log.info('leaving', { signal });
    process.exit(0);
  };
}

/** Ctrl-C reaches npm and this process, and npm passes it on: what follows so soon is the same Ctrl-C. */
const sameSignalMs = 500;

/** terminus ends the process; this only makes sure that it does, and that an impatient Ctrl-C is heard. */
function watchOver(config: Config, log: Log, service: Service): typeof atSignal {
  let signals = 0;
  let firstAt = 0;
  return (signal) => {
    signals += 1;
    if (signals === 1) firstAt = performance.now();
    service.noteSignal();
    log.info('signal', { signal, count: signals });
    if (signals === 1) {
      const limitMs = config.drain.deadlineMs + config.inFlightDeadlineMs + 5_000;
      setTimer(() => {
        log.error('did not close in time', { limitMs });
        process.exit(1);
      }, limitMs);
    } else if (signal === 'SIGINT' && performance.now() - firstAt >= sameSignalMs) {
      process.exit(130);
    }
  };
}

function stop(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

void main();
