import { setTimeout as wait } from 'node:timers/promises';
import type { Measured } from '../measured.ts';
import { startLateNetwork } from '../../shared/callers/late-network.ts';
import { type LoadOptions, startKeepAliveLoad } from '../../shared/callers/strict-callers.ts';
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

type Load = Omit<LoadOptions, 'port'>;
const busy: Load = { connections: 24, pauseMs: 150, keepAlive: true };
const rare: Load = { connections: 1, pauseMs: 500, keepAlive: false };
/**
 * Node closes an idle connection a second after KEEP_ALIVE_TIMEOUT_MS;
 * these callers ask again at that very moment.
 */
const punctual: Load = { connections: 12, pauseMs: 1_090, pauses: 'steady', keepAlive: true };

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
  {
    name: "a keep-alive longer than the callers'",
    env: { KEEP_ALIVE_TIMEOUT_MS: '100' },
    load: punctual,
  },
  { name: 'any of them (exit at SIGTERM)', env: { SHUTDOWN: 'naive' }, load: busy },
];

interface Outcome {
  sent: number;
  lost: number;
  /** Requests that the old pod began beyond those that were sent. */
  duplicated: number;
  answeredByNext: number;
  servedWhileDraining: number;
  /** From SIGTERM to the pod's exit. */
  endMs: number;
}

/**
 * One pod replaced under load, by SIGTERM, while `atLeast` POSTs are
 * sent; its connections go to the next one, late.
 */
async function shutdown(
  programs: ServerPrograms,
  next: ServerProcess,
  { env, load, atLeast = 0 }: { env: Record<string, string>; load: Load; atLeast?: number },
): Promise<Outcome> {
  const old = await programs.start('services/coffee-shop', { ...protectedEnv, ...env });
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
  await untilSent(Math.max(load.connections * 2, atLeast - callers.soFar.sent));
  const { sent, lost, byVersion } = await callers.stop();
  await network.close();
  const { requests: begun = NaN, servedWhileDraining = 0 } = (last ?? {}) as Partial<OldPodsAccount>;
  return {
    sent,
    lost,
    // Nothing but a lost request may have begun there without an answer from there.
    duplicated: Math.max(0, begun - (byVersion.v1 ?? 0) - lost),
    answeredByNext: byVersion.v2 ?? 0,
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
  const total: Outcome = {
    sent: 0,
    lost: 0,
    duplicated: 0,
    answeredByNext: 0,
    servedWhileDraining: 0,
    endMs: 0,
  };
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const outcome = await one(begun);
      for (const count of ['sent', 'lost', 'duplicated', 'answeredByNext', 'servedWhileDraining'] as const)
        total[count] += outcome[count];
      total.endMs = Math.max(total.endMs, outcome.endMs);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return total;
}

async function begunAt({ adminPort }: ServerProcess): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/lifecycle`);
  return ((await answer.json()) as { requests: number }).requests;
}

export interface ShutdownSizes {
  /** With every protection, half of them with kept connections. */
  shutdowns: number;
  /** Sent during each of them, at least. */
  posts: number;
  /** Per protection that is switched off. */
  unprotected: number;
  atOnce: number;
}

/** Shutdowns under load with every protection, and with each switched off in turn. */
export async function measureShutdowns(
  programs: ServerPrograms,
  { shutdowns, posts, unprotected, atOnce }: ShutdownSizes,
): Promise<Measured[]> {
  const next = await programs.start('services/coffee-shop', { VERSION: 'v2', POD_NAME: 'next' });
  const safe = await many(shutdowns, atOnce, (index) =>
    shutdown(programs, next, { env: {}, load: { ...busy, keepAlive: index % 2 === 0 }, atLeast: posts }),
  );
  // The pods that stay must not have begun more than they answered either.
  const atNext = await begunAt(next);
  const duplicated = safe.duplicated + Math.max(0, atNext - safe.answeredByNext - safe.lost);
  const what = `${safe.sent} POSTs over ${shutdowns} shutdowns, new connections for ${lateMs / 1000} s after SIGTERM`;
  const results: Measured[] = [
    { name: 'service: POSTs lost at shutdowns', value: safe.lost, unit: 'requests', limit: 0, against: what },
    { name: 'service: POSTs duplicated', value: duplicated, unit: 'requests', limit: 0, against: what },
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
  for (const { name, env, load } of protections) {
    const shutdowns = (how: Record<string, string>) =>
      many(unprotected, atOnce, () => shutdown(programs, next, { env: how, load }));
    // The busy ones have had their control above.
    const [control, without] = await Promise.all([load === busy ? safe : shutdowns({}), shutdowns(env)]);
    if (control !== safe)
      results.push({
        name: `service: POSTs lost with ${name}`,
        value: control.lost,
        unit: 'requests',
        limit: 0,
        against: `${control.sent} POSTs over ${unprotected} shutdowns`,
      });
    results.push({
      name: `service: POSTs lost without ${name}`,
      value: without.lost,
      unit: 'requests',
      // The harness must see a loss where there is one, or its zero means nothing.
      limit: 1,
      bound: 'least',
      against: `${control.lost} with it; ${without.sent} POSTs over ${unprotected} shutdowns`,
    });
  }
  return results;
}
