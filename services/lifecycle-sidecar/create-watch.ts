import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { createAutoWatch } from './auto-watch.ts';
import type { Config, WatchName } from './config.ts';
import { createLifecycleWatch } from './lifecycle-watch.ts';
import { createMetricsWatch } from './metrics-watch.ts';
import { createSocketWatch } from './socket-watch.ts';
import type { Watch } from './watch.ts';

/** The watch that the configuration names. */
export function createWatch(config: Config, { clock, log }: { clock: Clock; log: Log }): Watch {
  const watches: Record<WatchName, () => Watch> = {
    lifecycle: () => createLifecycleWatch({ ...config, clock }),
    metrics: () => createMetricsWatch({ ...config, clock }),
    sockets: () => createSocketWatch({ ...config, clock }),
  };
  if (config.watch !== 'auto') return watches[config.watch]();
  return createAutoWatch([watches.lifecycle(), watches.metrics(), watches.sockets()], ({ name }) => {
    log.info('watching', { watch: name });
  });
}
