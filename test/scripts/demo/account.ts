import type { Account } from '../../../scripts/load/index.ts';

/** An account with these values, the rest as of a load in which nothing was lost. */
export function accountWith(values: Partial<Account>): Account {
  const percentiles = { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 };
  return {
    sent: 10_000,
    ok: 10_000,
    lost: 0,
    byStatus: { 201: 10_000 },
    byError: { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 },
    byVersion: { v1: 4_000, v2: 6_000 },
    byPod: {},
    byReason: {},
    longestGapMs: 5,
    qps: 500,
    latencyMs: { fromDue: percentiles, fromSend: percentiles },
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 20_000,
    onDeadConnection: 0,
    late: 0,
    unsent: 0,
    abandoned: 0,
    connectionsOpened: 50,
    connections: 50,
    requestedQps: 500,
    method: 'POST',
    url: 'http://127.0.0.1:8080/orders',
    ...values,
  };
}
