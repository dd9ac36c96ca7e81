/** The proofs of a switch, on the live mesh. A test may pass another prover. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { unproven } from '../routing/verdict.ts';
import type { Verdict } from '../routing/verdict.ts';
import type { Question } from '../routing/traffic-routing.ts';
import { cached } from '../../shared/cached.ts';
import type { Mesh } from './mesh.ts';
import { proveEverywhere } from './prove-everywhere.ts';
import type { Proof, ProofRequest } from './prove-everywhere.ts';
import type { Proxy } from './proxies.ts';
import { startQuietWatch } from './quiet-watch.ts';
import type { Leaving, QuietWatch } from './quiet-watch.ts';

/** The deadline of a proof, and the listener for its progress. */
export type Deadline = Pick<ProofRequest, 'deadlineMs' | 'signal' | 'onProgress' | 'clock'>;

export interface ReadyPods {
  addresses: ReadonlySet<string>;
  /** Why the pods themselves are not enough: `1/2 pods ready`. */
  problem: string | undefined;
}

/** A proof B, and the watch that it has begun. */
export type RoutesProof = Proof & { watch?: QuietWatch };

export interface Prover {
  /** A: every proxy has the version, and its healthy endpoints are the ready pods. */
  endpoints(
    claim: {
      version: string;
      /** The name for messages. Default: `subset v2`. */
      name?: string;
      host: string;
      question: Question<ReadonlySet<string>>;
      pods: () => Promise<ReadyPods>;
    },
    deadline: Deadline,
  ): Promise<Proof>;
  /**
   * B: every proxy has this revision of the routes, and none names the leaving version. With `leaving` proof
   * C begins here: each proxy's counters are read while it is late and when it proves B.
   */
  routes(
    claim: { question: Question; leaving?: Leaving | undefined },
    deadline: Deadline,
  ): Promise<RoutesProof>;
  /**
   * C: at no proxy a request is active or begins on these pods for `quietMs`. It continues the watch `begun`.
   */
  quiet(claim: Leaving, deadline: Deadline, begun?: QuietWatch): Promise<Proof>;
  /** No proxy has the version's subset any more. */
  gone(claim: { version: string; name?: string; question: Question }, deadline: Deadline): Promise<Proof>;
}

export function createProver(mesh: Mesh, clock: Clock = systemClock): Prover {
  return {
    async endpoints({ version, name = `subset ${version}`, host, question, pods }, deadline) {
      const now = cached(pods, 200, clock);
      return proveEverywhere(mesh, {
        ...deadline,
        what: `${name} with its ready pods`,
        atLeastOne: someoneWhoKnows(host),
        check(proxy, signal) {
          // Read the pods after the dump: an endpoint that is gone by now must not count.
          const read = async () =>
            question.read(await ask(mesh, proxy, question, signal), proxy, (await now()).addresses);
          return settled(mesh, proxy, read, signal);
        },
        also: async (signal) => {
          const [{ problem }, late] = await Promise.all([pods(), unseen(mesh, question)(signal)]);
          return problem ?? late;
        },
      });
    },

    async routes({ question, leaving }, deadline) {
      const watch = leaving && startQuietWatch(leaving, { mesh, clock });
      const ask = askNarrowFirst(mesh, question);
      const proof = proveEverywhere(mesh, {
        ...deadline,
        what: 'the new route',
        check: looking(watch, async (proxy, signal) =>
          settled(mesh, proxy, () => ask(proxy, signal), signal),
        ),
        also: unseen(mesh, question),
      });
      return watch ? { ...(await watch.counting(proof)), watch } : proof;
    },

    async quiet(leaving, deadline, begun) {
      const watch = begun ?? startQuietWatch(leaving, { mesh, clock });
      const what = `that nobody uses ${leaving.version} any more`;
      return watch.counting(
        proveEverywhere(mesh, { ...deadline, what, check: (...at) => watch.look(...at) }),
      );
    },

    async gone({ version, name = `subset ${version}`, question }, deadline) {
      return proveEverywhere(mesh, {
        ...deadline,
        what: `that ${name} is gone`,
        check(proxy, signal) {
          const read = async () => question.read(await ask(mesh, proxy, question, signal), proxy, undefined);
          return settled(mesh, proxy, read, signal);
        },
        also: unseen(mesh, question),
      });
    },
  };
}

/**
 * Reads a proxy's counters once while it is late, so that a quiet period that has begun counts, and once when
 * it proves its claim.
 */
function looking(watch: QuietWatch | undefined, check: ProofRequest['check']): ProofRequest['check'] {
  if (!watch) return check;
  const begun = new Set<string>();
  return async (proxy, signal) => {
    const verdict = await check(proxy, signal);
    if (verdict.proven || !begun.has(proxy.key)) await watch.look(proxy, signal);
    begun.add(proxy.key);
    return verdict;
  };
}

/** For a service that no proxy has: it may have another name there. */
function someoneWhoKnows(host: string): string {
  return `proxy that knows ${host} (a DNS domain of the cluster other than cluster.local is not supported)`;
}

async function ask(
  mesh: Mesh,
  proxy: Proxy,
  { paths, shorten }: Pick<Question<never>, 'paths' | 'shorten'>,
  signal: AbortSignal,
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const path of paths) answers.push(await mesh.ask<unknown>(proxy, path, signal, shorten));
  return answers;
}

/**
 * An answer without this service counts only from a proxy that had its configuration when it answered.
 * Between an empty answer and the first read of `/ready` it may have begun to serve. So it is asked again
 * once it is ready.
 */
async function settled(
  mesh: Mesh,
  proxy: Proxy,
  read: () => Promise<Verdict>,
  signal: AbortSignal,
): Promise<Verdict> {
  const verdict = await read();
  if (!verdict.proven || verdict.consumer) return verdict;
  return (await mesh.isLive(proxy, signal)) ? read() : unproven('it has no configuration yet');
}

/** The names are part of the path: with more of them the whole dump is read. */
const MOST_NAMES = 50;

/**
 * Reads the whole dump while no proxy has shown yet which parts of it have the service; later only those
 * parts, until they prove the claim. Then it reads the whole dump once more: a part that was never seen
 * before may have the service too.
 */
function askNarrowFirst(mesh: Mesh, question: Question) {
  const { narrow, paths, shorten } = question;
  const names = new Set<string>();
  return async (proxy: Proxy, signal: AbortSignal): Promise<Verdict> => {
    if (narrow && names.size > 0 && names.size <= MOST_NAMES) {
      const part = await ask(mesh, proxy, { paths: narrow.paths([...names]), shorten }, signal);
      const verdict = question.read(part, proxy, undefined);
      if (!verdict.proven) return verdict;
    }
    const whole = await ask(mesh, proxy, { paths, shorten }, signal);
    const verdict = question.read(whole, proxy, undefined);
    if (!verdict.proven) narrow?.namesIn(whole).forEach((name) => names.add(name));
    return verdict;
  };
}

/** Names an istiod that does not have this revision of the question's object yet. */
function unseen<E>(mesh: Mesh, { written }: Pick<Question<E>, 'written'>) {
  return (signal: AbortSignal) =>
    written === undefined ? Promise.resolve(undefined) : mesh.unseenBy(written, signal);
}
