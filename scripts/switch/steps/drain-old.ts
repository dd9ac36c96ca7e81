/** Nothing is removed while somebody uses it: no request active, and none begun for a while, at any proxy. */
import { parseDuration } from '../../shared/duration.ts';
import type { VirtualService } from '../../shared/kubernetes.ts';
import { letGo } from '../changes/autoscaler.ts';
import { patience } from '../proofs/deadline.ts';
import type { Proof } from '../proofs/prove-everywhere.ts';
import type { Leaving } from '../proofs/prover.ts';
import { listVersionPods } from '../cluster-state/read-state.ts';
import type { Step, SwitchContext } from '../types.ts';

export const drainOld: Step = {
  name: 'drain-old',
  title: ({ from }) => `Wait until nobody uses ${from}`,
  onFailure: 'stop',
  async run(context) {
    const { from, to } = context;
    const { quietMs } = leavingOf(context, from);
    const proof = await proveUnused(context, from);
    // From here on the new version's load is its own: so is its size.
    await letGo(context, to);
    return { detail: `no request on ${from} for ${quietMs / 1000} s at ${proof.proxies} proxies`, proof };
  },
};

/** Proof C for the pods of a version. */
export async function proveUnused(context: SwitchContext, version: string): Promise<Proof> {
  return context.prover.quiet(leavingOf(context, version), patience(context));
}

/** What proof C asks about. */
export function leavingOf({ cluster, service, known, quietMs }: SwitchContext, version: string): Leaving {
  const addresses = async () => {
    const { destinationRule } = known;
    const pods = await listVersionPods(cluster, { service, destinationRule }, version);
    const ips = pods.map(({ status }) => status?.podIP).filter((ip) => ip !== undefined && ip !== '');
    return new Set(ips as string[]);
  };
  // A request that a route delays is nowhere yet, and on its way to what the route named when it came.
  return { version, addresses, quietMs: Math.max(quietMs, longestDelayMs(known.virtualService)) };
}

/** The longest `fault.delay` of the routes, in milliseconds. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection-Delay */
function longestDelayMs({ spec: { http = [] } }: VirtualService): number {
  const delays = http.map(({ fault }) => {
    const { fixedDelay } = (fault as { delay?: { fixedDelay?: string } } | undefined)?.delay ?? {};
    return fixedDelay === undefined ? 0 : parseDuration(fixedDelay, 'fixedDelay');
  });
  return Math.max(0, ...delays);
}
