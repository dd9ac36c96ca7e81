import type { ContainerRecord } from './container-record.ts';
import type { RunEnd } from './container-run.ts';
import type { Lifetime } from './lifetime.ts';

/**
 * Returns the backoff between two runs: none at first, then 10 s, 20 s, ... It counts from the end of a run,
 * however late the status shows that end.
 */
export function createRestartBackOff(
  record: ContainerRecord,
  lifetime: Lifetime,
): (end: RunEnd) => Promise<void> {
  const { delays } = record.options.context;
  let failuresInRow = 0;
  return async function backOff({ endedAtMs, ranMs }) {
    if (ranMs > delays.restartBackoffReset) failuresInRow = 0;
    const { view, options } = record;
    view.lastState = view.state;
    view.restartCount += 1;
    failuresInRow += 1;
    if (failuresInRow === 1) return;
    const backOffMs = Math.min(delays.restartBackoff * 2 ** (failuresInRow - 2), delays.restartBackoffMax);
    const { name, namespace = '', uid } = options.pod().metadata;
    const where = `${options.container.name} in pod ${name}_${namespace}(${uid})`;
    record.event('Warning', 'BackOff', `Back-off restarting failed container ${where}`);
    record.become({
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off ${backOffMs / 1_000}s restarting failed container=${options.container.name} pod=${name}_${namespace}(${uid})`,
      },
    });
    await lifetime.pause(Math.max(0, backOffMs - (performance.now() - endedAtMs)));
  };
}
