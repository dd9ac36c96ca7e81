import { randomUUID } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import type { GracefulConfig } from './config.ts';
import type { Drain } from './drain.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Traffic } from './traffic.ts';

export interface DescribeOptions {
  config: GracefulConfig;
  clock: Clock;
  lifecycle: Lifecycle;
  traffic: Traffic;
  drain: Drain;
  /** Clock time of the first signal to end; undefined before. */
  signalledAt: () => number | undefined;
}

/**
 * The response of `GET /lifecycle`, also logged at the end. Ages are milliseconds before now:
 * independent of the reader's clock.
 */
export function describeLifecycle({
  config,
  clock,
  lifecycle,
  traffic,
  drain,
  ...options
}: DescribeOptions): () => object {
  // Tells a restarted process from the one that was draining.
  const instanceId = randomUUID();
  const age = (at: number | undefined): number | null =>
    at === undefined ? null : Math.round(clock.now() - at);
  return () => ({
    instanceId,
    state: lifecycle.state,
    shutdown: config.shutdown,
    version: config.version,
    pod: config.pod,
    inFlight: traffic.inFlight,
    active: traffic.activity().active,
    openConnections: traffic.openConnections,
    requests: traffic.requestsTotal,
    lastRequestAgeMs: age(traffic.lastRequestAt),
    lastConnectionAgeMs: age(traffic.lastConnectionAt),
    servedWhileDraining: traffic.servedSinceAnnounced,
    cut: traffic.cut,
    drainReason: drain.reason ?? null,
    drained: drain.result?.outcome ?? null,
    drainMs: drain.result?.durationMs ?? null,
    signalAgeMs: age(options.signalledAt()),
    stateAgesMs: Object.fromEntries([...lifecycle.enteredAt].map(([state, at]) => [state, age(at)])),
  });
}
