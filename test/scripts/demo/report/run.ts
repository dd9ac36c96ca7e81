import type { Loss } from '../../../../scripts/load/index.ts';
import type { Observation } from '../../../../scripts/demo/observe/observation.ts';
import type { ScenarioResult } from '../../../../scripts/demo/result.ts';
import { accountWith } from '../account.ts';

/** A classic sidecar's release with a late gateway, in round numbers. */
export const lateGateway: Observation = {
  askedEveryMs: 200,
  late: [{ proxy: 'gateway', fromMs: 1_000, untilMs: 13_000 }],
  pods: [
    {
      name: 'coffee-shop-1-old',
      version: 'v1',
      address: '127.1.0.4',
      changes: [
        { atMs: 0, state: 'ready' },
        { atMs: 2_000, state: 'draining' },
        { atMs: 9_000, state: 'quiet' },
        { atMs: 10_000, state: 'gone' },
      ],
      proxyEndedAtMs: 7_000,
      appEndedAtMs: 9_500,
    },
    {
      name: 'coffee-shop-2-new',
      version: 'v2',
      address: '127.1.0.5',
      changes: [
        { atMs: 1_000, state: 'starting' },
        { atMs: 2_000, state: 'ready' },
      ],
    },
  ],
  proxies: [
    {
      name: 'gateway',
      kind: 'gateway',
      changes: [
        { atMs: 100, subsets: [''], pods: ['coffee-shop-1-old'] },
        { atMs: 13_200, subsets: [''], pods: ['coffee-shop-2-new'] },
      ],
    },
  ],
};

export const loss = (dueMs: number, kind = '503', reason = '503 connection failure'): Loss => ({
  dueMs,
  sentMs: dueMs,
  endMs: dueMs + 5,
  kind,
  reason,
});

export function run(change: Partial<ScenarioResult> & { losses?: Loss[] } = {}): ScenarioResult {
  const { losses = [loss(7_100), loss(9_000), loss(9_500, 'reset', 'ECONNRESET'), loss(13_100)], ...rest } =
    change;
  const kinds = (kind: string): number => losses.filter((lost) => lost.kind === kind).length;
  const account = accountWith({ lost: losses.length, ok: 10_000 - losses.length });
  account.byStatus = { '201': account.ok, ...(kinds('503') > 0 ? { '503': kinds('503') } : {}) };
  account.byError.reset = kinds('reset');
  const byReason: Record<string, number> = {};
  for (const { reason } of losses) byReason[reason] = (byReason[reason] ?? 0) + 1;
  return {
    id: 'istio-rolling-classic',
    weather: 'rough',
    title: 'Istio <classic>',
    shows: 'Envoy leaves',
    expected: 'some',
    verdict: 'shown',
    account: {
      ...account,
      durationMs: 16_000,
      byReason,
      losses,
      timeline: [
        { atMs: 0, ok: { v1: 50 }, lost: {} },
        { atMs: 7_100, ok: { v1: 48 }, lost: { '503': 1, reset: 1 } },
        { atMs: 13_300, ok: { v2: 50 }, lost: {} },
      ],
    },
    releaseMs: 9_000,
    releaseAtMs: 1_000,
    steps: [{ name: 'rollout', atMs: 1_000, durationMs: 2_000 }],
    firstCoffeeMs: 1_000,
    observation: lateGateway,
    ...rest,
  };
}
