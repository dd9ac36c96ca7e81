/** The claims about every proxy: their texts and their proofs. */
import type { SwitchContext } from '../context.ts';
import { deadlineOf } from '../context.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import { listVersionPods } from '../cluster-state/versions.ts';
import type { Move, TrafficRouting } from '../routing/traffic-routing.ts';
import type { Claim, Proven } from '../step.ts';
import { leavingPods } from './leaving-pods.ts';
import type { Leaving } from './quiet-watch.ts';
import { requestsSeen } from './requests-seen.ts';

/** Proof A: every proxy has the version with its ready pods. */
export function reachable(context: SwitchContext, version: string): Claim {
  return {
    text: `A: at every proxy ${version}'s cluster is active and its healthy endpoints are its ready pods${withBarrier(context.lastSeen)}`,
    provesVersions: true,
    async prove() {
      const { prover, lastSeen, target } = context;
      const pods = () => readyPods(context, version);
      const question = lastSeen.reachable(version);
      const proof = await prover.endpoints(
        { version, name: lastSeen.nameOf(version), host: target.host, question, pods },
        deadlineOf(context),
      );
      return { detail: `${version}'s ready pods are healthy at ${proof.proxies} proxies`, proof };
    },
  };
}

/**
 * Proof B: every proxy has this revision of the routes. After a move of all traffic proof C begins with it.
 */
export function routed(context: SwitchContext, move: Move): Claim {
  const { from, to, share } = move;
  const { lastSeen } = context;
  const isLeft = share === 100 && !lastSeen.names(from);
  return {
    text: isLeft
      ? `B: every proxy has this revision of the route, and none names ${from}`
      : `B: every proxy has this revision of the route`,
    async prove() {
      // The revision of the routes does not guard the subsets: an edit that removed the candidate's is found
      // here.
      if (to === context.to) await verifyUnchanged(context);
      const leaving = lastSeen.names(from) ? undefined : leavingOf(context, from);
      const question = lastSeen.routed(move);
      const proven = await context.prover.routes({ question, leaving }, deadlineOf(context));
      const { watch, ...proof } = proven;
      const none = isLeft && to === context.to ? `, none to ${from}` : '';
      return { detail: `all ${proof.proxies} proxies route to ${to}${none}`, proof, watch };
    },
  };
}

/**
 * Proof C: nobody uses the version any more. It continues a watch that proof B has begun. Where a route
 * delays requests it starts anew: a request from before B can wait for that delay, and no proxy counts it
 * meanwhile.
 */
export function unused(context: SwitchContext, version: string): Claim {
  const { quietMs } = leavingOf(context, version);
  return {
    text: `C: at no proxy a request is active or begins on ${version} for ${quietMs / 1000} s`,
    async prove() {
      const goesOn = context.watch?.version === version && context.lastSeen.longestDelayMs() === 0;
      const begun = goesOn ? context.watch : undefined;
      const proof = await context.prover.quiet(leavingOf(context, version), deadlineOf(context), begun);
      return {
        detail: `no request on ${version} for ${quietMs / 1000} s at ${proof.proxies} proxies`,
        proof,
      };
    },
  };
}

/** No proxy has the version's subset any more. */
export function gone(context: SwitchContext, version: string): Claim {
  return {
    text: `${version}'s cluster is gone from every proxy`,
    provesVersions: true,
    async prove() {
      const { lastSeen, prover } = context;
      const claim = { version, name: lastSeen.nameOf(version), question: lastSeen.gone(version) };
      const proof = await prover.gone(claim, deadlineOf(context));
      return { detail: `gone at ${proof.proxies} proxies`, proof };
    },
  };
}

/** Both claims, one after the other; the second continues a watch that the first has begun. */
export function bothOf(
  first: Claim,
  second: (proven: Proven) => Claim,
  describe: (first: Proven) => string,
): Claim {
  return {
    text: `${first.text}; then ${second({ detail: '' }).text}`,
    async prove() {
      const one = await first.prove();
      const other = await second(one).prove();
      const requests = requestsSeen([one.proof ?? {}, other.proof ?? {}]);
      return { detail: describe(one), proof: one.proof && { ...one.proof, requests } };
    },
  };
}

/** The subject of proof C. */
export function leavingOf(
  {
    cluster,
    service,
    lastSeen,
    quietMs,
  }: Pick<SwitchContext, 'cluster' | 'service' | 'lastSeen' | 'quietMs'>,
  version: string,
): Leaving {
  const pods = async () => leavingPods(await listVersionPods(cluster, { service, lastSeen }, version));
  // A request that a route delays is not counted yet, and will go to the version that the route named before.
  const { hosts } = lastSeen;
  return { version, hosts, pods, quietMs: Math.max(quietMs, lastSeen.longestDelayMs()) };
}

const withBarrier = ({ barrier, unit }: Pick<TrafficRouting, 'barrier' | 'unit'>): string =>
  barrier === undefined ? '' : `, and ${barrier} is there, which only this revision of the ${unit}s has`;
