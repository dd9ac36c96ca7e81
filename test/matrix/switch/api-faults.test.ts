/** Every call to the API server goes wrong in every way: once, and from then on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../support/cluster.ts';
import { connectCluster, type Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../scripts/shared/errors.ts';
import {
  callOf,
  isWrite,
  liveVersion,
  only,
  other,
  sample,
  settings,
  standing,
  type QuickCoffee,
} from './quick-coffee.ts';
import { closeLanes, inLanes, openLanes } from './lanes.ts';

let lanes: QuickCoffee[] = [];
const impatient = new Map<QuickCoffee, Cluster>();
beforeAll(async () => {
  lanes = await openLanes();
  for (const lane of lanes) {
    const cluster = await connectCluster(
      { kubeconfigs: [lane.playground.kubeconfig] },
      { fieldManager: 'zero-downtime-switch', timeoutMs: 1000, retryForMs: 3000 },
    );
    impatient.set(lane, cluster);
  }
}, 120_000);
afterAll(async () => {
  for (const cluster of impatient.values()) await cluster.close();
  await closeLanes(lanes);
});

const refusal = (code: number, reason: string, headers: Record<string, string> = {}): Fault => ({
  answer: {
    code,
    headers,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason,
      code,
      message: `${reason} on purpose`,
    },
  },
});

const faults: Record<string, Fault> = {
  '401': refusal(401, 'Unauthorized'),
  '403': refusal(403, 'Forbidden'),
  '404': refusal(404, 'NotFound'),
  '409': refusal(409, 'Conflict'),
  '410': refusal(410, 'Expired'),
  '422': refusal(422, 'Invalid'),
  '429 and Retry-After': refusal(429, 'TooManyRequests', { 'retry-after': '1' }),
  '500': refusal(500, 'InternalError'),
  '503': refusal(503, 'ServiceUnavailable'),
  reset: { reset: true },
  'answer lost': { resetAfter: true },
  'time-out': { delayMs: 3000 },
  slow: { delayMs: 600 },
};
/** What passes by itself when it happens once. */
const passing = new Set(['429 and Retry-After', '500', '503', 'reset', 'answer lost', 'time-out', 'slow']);

interface Case {
  epoch: number;
  call: string;
  fault: string;
  times: 'once' | 'for good';
}
const nameOf = ({ epoch, call, fault, times }: Case) => `${call} after ${epoch} writes: ${fault} ${times}`;

/** Counts a run's writes and knows each kind of call in each stretch between two of them. */
function follow(coffee: QuickCoffee, onCall: (epoch: number, call: string) => Fault | undefined): void {
  let epoch = 0;
  coffee.onRequest = (asked) => {
    const fault = onCall(epoch, callOf(asked));
    // What was refused has not been written.
    const carriedOut = fault === undefined || fault.resetAfter === true || fault.delayMs === 600;
    if (carriedOut && isWrite(asked) && asked.target?.plural !== 'leases') epoch += 1;
    return fault;
  };
}

async function enumerate(coffee: QuickCoffee): Promise<Case[]> {
  const points = new Map<string, { epoch: number; call: string }>();
  follow(coffee, (epoch, call) => {
    points.set(`${epoch} ${call}`, { epoch, call });
    return undefined;
  });
  const result = await coffee.switchTo(other(await liveVersion(coffee)), settings);
  coffee.onRequest = undefined;
  expect(result.outcome).toBe('switched');
  return [...points.values()].flatMap((point) =>
    Object.keys(faults).flatMap((fault) =>
      (['once', 'for good'] as const).map((times) => ({ ...point, fault, times })),
    ),
  );
}

/** Runs one case and gives its outcome. */
async function meet(coffee: QuickCoffee, one: Case): Promise<string> {
  const name = nameOf(one);
  const from = await liveVersion(coffee);
  const to = other(from);
  let hits = 0;
  follow(coffee, (epoch, call) => {
    if (epoch !== one.epoch || call !== one.call || (one.times === 'once' && hits > 0)) return undefined;
    hits += 1;
    return faults[one.fault];
  });
  const cluster = impatient.get(coffee) ?? coffee.cluster;
  // What passes must not run out of time on a busy machine; what does not pass need not be waited for.
  const stepTimeoutMs = one.times === 'once' ? 15_000 : 5000;
  const result = await coffee
    .switchTo(to, { ...settings, cluster, stepTimeoutMs })
    .catch((error: unknown) => ({
      ok: false,
      outcome: 'refused',
      message: messageOf(error),
      error: messageOf(error),
    }));
  coffee.onRequest = undefined;
  const stands = await standing(coffee);
  expect({ name, live: stands.live }).toEqual({ name, live: [expect.stringMatching(/^v[12]$/)] });
  const [live = ''] = stands.live;
  if (result.outcome === 'refused') expect({ name, ...stands }).toEqual({ name, ...only(from) });
  else expect({ name, said: result.message }).toEqual({ name, said: expect.stringContaining(live) });
  if (one.times === 'once' && passing.has(one.fault))
    expect({ name, ok: result.ok, why: result.error }).toEqual({ name, ok: true, why: undefined });
  if (result.ok) expect({ name, ...stands }).toEqual({ name, ...only(to) });
  else if (stands.unfinished || stands.holder !== undefined) {
    // Whatever it was: once it is over, the next run brings it to its end.
    const next = await coffee.switchTo(to, { ...settings, stepTimeoutMs: 30_000 });
    expect({ name, ok: next.ok, why: next.error }).toEqual({ name, ok: true, why: undefined });
    expect({ name, ...(await standing(coffee)), holder: undefined }).toEqual({ name, ...only(to) });
  }
  // Nothing was begun, or all of it was taken back.
  else expect({ name, ...stands }).toEqual({ name, ...only(from) });
  return result.outcome;
}

describe('a switch whose calls to the API server go wrong', () => {
  it(
    'goes on or stops with the traffic on a serving version, says which, and loses nothing',
    async () => {
      const [first] = lanes;
      if (first === undefined) throw new Error('no lane');
      const cases = await enumerate(first);
      expect(cases.length).toBeGreaterThan(500);
      const outcomes = new Map<string, number>();
      const meetAndCount = async (coffee: QuickCoffee, one: Case) => {
        const key = `${one.fault} ${one.times}: ${await meet(coffee, one)}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      };
      await inLanes(lanes, sample(cases, 38, nameOf, 'faults of the API server'), meetAndCount, nameOf);
      process.stderr.write(
        `${[...outcomes]
          .map(([what, count]) => `${what} ${count}`)
          .sort()
          .join('\n')}\n`,
      );
    },
    2 * 3_600_000,
  );
});
