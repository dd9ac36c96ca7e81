import { setTimeout as setTimer } from 'node:timers';
import { runMain } from '../shared/run-main.ts';

const usage = `The lifecycle sidecar. It takes no arguments; services/lifecycle-sidecar/config.ts lists its environment variables.

Example: APP_ADMIN_URL=http://127.0.0.1:9090 npm run sidecar
`;

void runMain({
  name: 'sidecar',
  usage,
  async start(environment, onSignal) {
    const { readConfig } = await import('./config.ts');
    const { createLog } = await import('../shared/log.ts');
    const { monotonicClock: clock } = await import('../shared/clock.ts');
    const { createWatch } = await import('./create-watch.ts');
    const { createSidecar } = await import('./sidecar.ts');
    const config = readConfig(environment);
    const log = createLog({
      level: config.logLevel,
      always: { pod: config.pod },
      write: (line) => process.stdout.write(line),
    });
    const sidecar = createSidecar({ config, clock, log, watch: createWatch(config, { clock, log }) });

    let stopping = false;
    onSignal((signal) => {
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
    });
    await sidecar.start();
  },
});
