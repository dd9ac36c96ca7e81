import { setTimeout as wait } from 'node:timers/promises';
import type { Measured } from '../measured.ts';
import { startLateNetwork } from './late-network.ts';
import { startKeepAliveLoad } from './strict-callers.ts';
import { round } from './throughput.ts';
import type { ServerPrograms, ServerProcess } from './server-process.ts';

/** How much later than the pod the network learns of its end: until then new connections keep arriving. */
const lateMs = 3_000;
/** One way; a request is lost only while it travels. */
const travelMs = 10;

// Above the network's lateness; a machine that stands still for half a second does not look quiet.
const protectedEnv = {
  DRAIN_MIN_MS: String(lateMs + 300),
  DRAIN_QUIET_MS: '800',
  DRAIN_DEADLINE_MS: '12000',
};

interface Load {
  connections: number;
  /** Mean pause of a caller between two requests. */
  pauseMs: number;
  keepAlive: boolean;
}
const busy: Load = { connections: 24, pauseMs: 70, keepAlive: true };
const rare: Load = { connections: 1, pauseMs: 500, keepAlive: false };

interface Protection {
  name: string;
  /** What switches it off. */
  env: Record<string, string>;
  /** The callers that need it. */
  load: Load;
}

const protections: Protection[] = [
  {
    name: 'Connection: close on every answer',
    // Without it callers never leave, so the pod is never quiet and closes at its deadline.
    env: { DRAIN_ANNOUNCE: 'off', DRAIN_DEADLINE_MS: protectedEnv.DRAIN_MIN_MS },
    load: busy,
  },
  { name: 'waiting until it is quiet', env: { DRAIN_WAIT: 'off' }, load: busy },
  {
    name: 'the minimum, for callers that ask rarely',
    env: { DRAIN_MIN_MS: '0', DRAIN_QUIET_MS: '100' },
    load: rare,
  },
  { name: 'any of them (exit at SIGTERM)', env: { SHUTDOWN: 'naive' }, load: busy },
];

interface Outcome {
  sent: number;
  lost: number;
  /** Requests that the pods began beyond those that were sent. */
  duplicated: number;
  servedWhileDraining: number;
  /** From SIGTERM to the pod's exit. */
  endMs: number;
}

/** One pod replaced under load, by SIGTERM; its connections go to the next one, late. */
async function shutdown(
  programs: ServerPrograms,
  next: ServerProcess,
  { env, load }: Omit<Protection, 'name'>,
): Promise<Outcome> {
  const old = await programs.start('coffee-shop', { ...protectedEnv, ...env });
  const network = await startLateNetwork(old.port, travelMs);
  const callers = startKeepAliveLoad({ port: network.port, ...load });
  // A number of requests, not a time: so that every connection has been used, and is again after the end.
  const untilSent = async (count: number): Promise<void> => {
    const target = callers.soFar.sent + count;
    while (callers.soFar.sent < target) await wait(10);
  };
  await untilSent(load.connections * 4);
  const signalledAt = performance.now();
  old.kill('SIGTERM');
  const pointed = wait(lateMs).then(() => network.pointTo(next.port));
  const { last } = await old.exited;
  const endMs = performance.now() - signalledAt;
  await pointed;
  // What goes wrong at the pod's end is seen by the requests after it.
  await untilSent(load.connections * 2);
  const { sent, lost, byVersion } = await callers.stop();
  await network.close();
  const { requests: begun = NaN, servedWhileDraining = 0 } = (last ?? {}) as Partial<OldPodsAccount>;
  return {
    sent,
    lost,
    // Nothing but a lost request may have begun there without an answer from there.
    duplicated: Math.max(0, begun - (byVersion.v1 ?? 0) - lost),
    servedWhileDraining,
    endMs,
  };
}

/** From its last log line. */
interface OldPodsAccount {
  requests: number;
  servedWhileDraining: number;
}

async function many(
  count: number,
  atOnce: number,
  one: (index: number) => Promise<Outcome>,
): Promise<Outcome> {
  const total: Outcome = { sent: 0, lost: 0, duplicated: 0, servedWhileDraining: 0, endMs: 0 };
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const { sent, lost, duplicated, servedWhileDraining, endMs } = await one(begun);
      total.sent += sent;
      total.lost += lost;
      total.duplicated += duplicated;
      total.servedWhileDraining += servedWhileDraining;
      total.endMs = Math.max(total.endMs, endMs);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return total;
}

export interface ShutdownSizes {
  /** With every protection, half of them with kept connections. */
  shutdowns: number;
  /** Per protection that is switched off. */
  unprotected: number;
  atOnce: number;
}

/** Shutdowns under load with every protection, and with each switched off in turn. */
export async function measureShutdowns(
  programs: ServerPrograms,
  { shutdowns, unprotected, atOnce }: ShutdownSizes,
): Promise<Measured[]> {
  const next = await programs.start('coffee-shop', { VERSION: 'v2', POD_NAME: 'next' });
  const safe = await many(shutdowns, atOnce, (index) =>
    shutdown(programs, next, { env: {}, load: { ...busy, keepAlive: index % 2 === 0 } }),
  );
  const what = `${safe.sent} POSTs over ${shutdowns} shutdowns, new connections for ${lateMs / 1000} s after SIGTERM`;
  const results: Measured[] = [
    { name: 'service: POSTs lost at shutdowns', value: safe.lost, unit: 'requests', limit: 0, against: what },
    { name: 'service: POSTs duplicated', value: safe.duplicated, unit: 'requests', limit: 0, against: what },
    {
      name: 'service: POSTs served while draining',
      value: safe.servedWhileDraining,
      unit: 'requests',
      limit: null,
      against: `what a pod that closes at once would have refused, of ${safe.sent}`,
    },
    {
      name: 'service: longest end of a pod',
      value: round(safe.endMs / 1000),
      unit: 's',
      limit: null,
      against: `minMs ${protectedEnv.DRAIN_MIN_MS} + quietMs ${protectedEnv.DRAIN_QUIET_MS}, from SIGTERM to exit`,
    },
  ];
  const idle = await many(Math.max(2, unprotected), atOnce, () =>
    shutdown(programs, next, { env: {}, load: rare }),
  );
  results.push({
    name: 'service: POSTs lost by callers that ask rarely',
    value: idle.lost,
    unit: 'requests',
    limit: 0,
    against: `${idle.sent} POSTs, one every half second or so, on a new connection each`,
  });
  for (const { name, env, load } of protections) {
    const { sent, lost } = await many(unprotected, atOnce, () => shutdown(programs, next, { env, load }));
    results.push({
      name: `service: POSTs lost without ${name}`,
      value: lost,
      unit: 'requests',
      // The harness must see a loss where there is one, or its zero means nothing.
      limit: 1,
      bound: 'least',
      against: `0 with it; ${sent} POSTs over ${unprotected} shutdowns`,
    });
  }
  return results;
}
