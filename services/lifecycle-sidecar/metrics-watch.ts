import type { Clock } from '../shared/clock.ts';
import { ask, isRefused, longBytes } from './ask.ts';
import { sumOf } from './prometheus-text.ts';
import { type Look, reasonOf, type Watch } from './watch.ts';

export interface MetricsWatchOptions {
  metricsUrl: string;
  inFlightMetric: string;
  /** Empty: not watched. */
  requestsMetric: string;
  idleLevel: number;
  clock: Clock;
  lookTimeoutMs: number;
}

/** For an app that only counts: what its in-flight gauge says, and whether its request counter moves. */
export function createMetricsWatch(options: MetricsWatchOptions): Watch {
  const { metricsUrl, inFlightMetric, requestsMetric, clock, lookTimeoutMs } = options;
  let lastRequests: number | undefined;
  let lastBusyAt = -Infinity;

  const scrape = async (): Promise<{ active: number; requests: number | undefined }> => {
    const { status, body } = await ask(metricsUrl, { timeoutMs: lookTimeoutMs, limitBytes: longBytes });
    if (status !== 200) throw new Error(`${metricsUrl} answered ${status}`);
    const inFlight = sumOf(inFlightMetric, body);
    if (inFlight === undefined) throw new Error(`${metricsUrl} has no ${inFlightMetric}`);
    const requests = requestsMetric === '' ? undefined : sumOf(requestsMetric, body);
    return { active: Math.max(0, inFlight - options.idleLevel), requests };
  };

  return {
    name: 'metrics',
    beginDrain: () => Promise.resolve(true),
    async look(): Promise<Look> {
      try {
        const { active, requests } = await scrape();
        if (active > 0 || (lastRequests !== undefined && requests !== lastRequests)) lastBusyAt = clock.now();
        lastRequests = requests;
        return { app: 'serving', activity: { active, lastAt: lastBusyAt } };
      } catch (error) {
        return isRefused(error) ? { app: 'gone' } : { app: 'unknown', reason: reasonOf(error) };
      }
    },
    account: () => (lastBusyAt === -Infinity ? {} : { lastRequestAt: lastBusyAt }),
    works: () =>
      scrape().then(
        () => true,
        () => false,
      ),
  };
}
