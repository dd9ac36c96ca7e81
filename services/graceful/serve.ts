import { setTimeout as setTimer } from 'node:timers';
import type { Environment } from '../shared/environment.ts';
import type { Handler } from '../shared/guarded-server.ts';
import type { Log } from '../shared/log.ts';
import { runMain, type SignalHandler } from '../shared/run-main.ts';
import type { GracefulConfig } from './config.ts';
import type { Kit, Service } from './service.ts';

/** A service with settings and metrics of its own. */
export interface Program {
  /** The answer of `--help`. */
  usage: string;
  /**
   * Loads the rest of the program: signals are heard before that.
   * Throws an `EnvironmentError` for bad values.
   */
  load: (environment: Environment) => Promise<{
    config: GracefulConfig;
    createHandler: (kit: Kit) => Handler;
  }>;
}

/**
 * What a service's main.ts calls: serves until SIGTERM or SIGINT, then
 * drains and exits without losing a request.
 * @param program an Express app or a listener of `node:http`, or a whole program
 */
export function serve(program: Handler | Program): Promise<void> {
  const { usage, load } = typeof program === 'function' ? programOf(program) : program;
  return runMain({
    name: 'service',
    usage,
    start: async (environment, onSignal) => start(await load(environment), onSignal),
  });
}

function programOf(handler: Handler): Program {
  return {
    usage: 'A service. It takes no arguments; services/graceful/config.ts lists its environment variables.\n',
    async load(environment) {
      const { readEnvironment } = await import('../shared/environment.ts');
      const { readGracefulConfig } = await import('./config.ts');
      const env = readEnvironment(environment);
      const config = readGracefulConfig(env);
      env.verify();
      return { config, createHandler: () => handler };
    },
  };
}

async function start(
  { config, createHandler }: Awaited<ReturnType<Program['load']>>,
  onSignal: (handler: SignalHandler) => void,
): Promise<void> {
  const { createLog } = await import('../shared/log.ts');
  const { monotonicClock: clock } = await import('../shared/clock.ts');
  const { createService } = await import('./service.ts');
  const log = createLog({
    level: config.logLevel,
    always: { version: config.version, pod: config.pod },
    write: (line) => process.stdout.write(line),
  });

  let exitCode = 0;
  const service = createService({
    config,
    createHandler,
    clock,
    log,
    onClosed: () => process.exit(exitCode),
    onDrained: () => endUnlessSignalled(log, config.drainGraceMs, () => service.isSignalled),
  });
  onSignal(config.shutdown === 'naive' ? exitAtOnce(log) : superviseShutdown(log, service));
  process.on('uncaughtException', (error) => {
    log.error('uncaught error', { error });
    if (config.shutdown === 'naive') process.exit(1);
    exitCode = 1;
    service.hurry();
    sendSigterm();
  });
  await service.start();
}

/** There is one shutdown path: terminus' handler of SIGTERM. */
function sendSigterm(): void {
  process.emit('SIGTERM', 'SIGTERM');
}

function exitAtOnce(log: Log): SignalHandler {
  return (signal) => {
    log.info('leaving', { signal });
    process.exit(0);
  };
}

/** A drain without a SIGTERM after it was a mistake: the pod stays unready. Exit: the kubelet restarts it. */
function endUnlessSignalled(log: Log, graceMs: number, isSignalled: () => boolean): void {
  setTimer(() => {
    if (isSignalled()) return;
    log.warn('no SIGTERM after the drain', { graceMs });
    sendSigterm();
  }, graceMs).unref();
}

/** npm forwards Ctrl-C, which this process got as well: a SIGINT within this time is the same key press. */
const sameSignalMs = 500;

/** terminus ends the process. This is the watchdog behind it, and the handler of a second SIGINT. */
function superviseShutdown(log: Log, service: Service): SignalHandler {
  let signals = 0;
  let firstAt = 0;
  return (signal) => {
    signals += 1;
    if (signals === 1) firstAt = performance.now();
    service.noteSignal();
    log.info('signal', { signal, count: signals });
    if (signals === 1) {
      // Below terminationGracePeriodSeconds, which the kubelet counts from the beginning of preStop.
      const limitMs = Math.round(service.longestEndMs) + 5_000;
      setTimer(() => {
        log.error('did not close in time', { limitMs });
        process.exit(1);
      }, limitMs);
    } else if (signal === 'SIGINT' && performance.now() - firstAt >= sameSignalMs) {
      process.exit(130);
    }
  };
}
