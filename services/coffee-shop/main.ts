import { setTimeout as setTimer } from 'node:timers';
import type { Log } from '../shared/log.ts';
import { runMain, type SignalHandler } from '../shared/run-main.ts';
import type { Service } from './service.ts';

const usage = `The coffee-shop service. It takes no arguments; services/coffee-shop/config.ts lists its environment variables.

Example: PORT=8080 ADMIN_PORT=9090 VERSION=v1 npm start
`;

void runMain({
  name: 'service',
  usage,
  async start(environment, onSignal) {
    const { readConfig } = await import('./config.ts');
    const { createLog } = await import('../shared/log.ts');
    const { monotonicClock: clock } = await import('../shared/clock.ts');
    const { createService } = await import('./service.ts');
    const config = readConfig(environment);
    const log = createLog({
      level: config.logLevel,
      always: { version: config.version, pod: config.pod },
      write: (line) => process.stdout.write(line),
    });

    let exitCode = 0;
    const service = createService({
      config,
      clock,
      log,
      onClosed: () => process.exit(exitCode),
      onDrained: () => endUnlessSignalled(log, config.drainGraceMs, () => service.isSignalled),
    });
    onSignal(config.shutdown === 'naive' ? leaveAtOnce(log) : watchOver(log, service));
    process.on('uncaughtException', (error) => {
      log.error('uncaught error', { error });
      if (config.shutdown === 'naive') process.exit(1);
      exitCode = 1;
      service.hurry();
      // The one way to end: terminus' own.
      process.emit('SIGTERM', 'SIGTERM');
    });
    await service.start();
  },
});

function leaveAtOnce(log: Log): SignalHandler {
  return (signal) => {
    log.info('leaving', { signal });
    process.exit(0);
  };
}

/** Drained by mistake, or by a stranger, a pod would stay unready for ever, and its liveness well: ended, it is started again. */
function endUnlessSignalled(log: Log, graceMs: number, isSignalled: () => boolean): void {
  setTimer(() => {
    if (isSignalled()) return;
    log.warn('no SIGTERM after the drain', { graceMs });
    // The one way to end: terminus' own.
    process.emit('SIGTERM', 'SIGTERM');
  }, graceMs).unref();
}

/** Ctrl-C reaches npm and this process, and npm passes it on: what follows so soon is the same Ctrl-C. */
const sameSignalMs = 500;

/** terminus ends the process; this only makes sure that it does, and that an impatient Ctrl-C is heard. */
function watchOver(log: Log, service: Service): SignalHandler {
  let signals = 0;
  let firstAt = 0;
  return (signal) => {
    signals += 1;
    if (signals === 1) firstAt = performance.now();
    service.noteSignal();
    log.info('signal', { signal, count: signals });
    if (signals === 1) {
      // Before the kubelet's patience ends: a drain that preStop began counts from there.
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
