/**
 * Before a route leads to every pod again: the copy's pods are gone, and a proxy that has not heard of it
 * would send to them.
 */
import { isReady } from '../../shared/kubernetes.ts';
import type { Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { deadlineOf } from '../context.ts';
import type { SwitchContext } from '../context.ts';
import type { ReadyPods } from '../proofs/prover.ts';
import { unedited } from '../proofs/still-serving.ts';
import type { Claim } from '../step.ts';
import { hasRoutes } from './where-it-stands.ts';

/** In the place of a version. */
export const EVERY_POD = 'of every pod';

/** A, of the Service as a whole; then that nobody else has written meanwhile. */
export function everyPodKnown(context: SwitchContext): Claim {
  return {
    text: 'A: at every proxy the healthy endpoints of the Service are its ready pods, and no others',
    async prove() {
      const { prover, lastSeen, target } = context;
      const question = lastSeen.reachable('');
      const asked = {
        version: EVERY_POD,
        host: target.host,
        question,
        pods: () => servingPods(context),
      };
      if (hasRoutes(context)) await prover.endpoints(asked, deadlineOf(context));
      return unedited(context).prove();
    },
  };
}

async function servingPods({ cluster, service: { spec } }: SwitchContext): Promise<ReadyPods> {
  const labelSelector = Object.entries(spec.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const ready = (await cluster.list<Pod>(resources.pods, { labelSelector })).filter(isReady);
  return { addresses: new Set(ready.map(({ status }) => status?.podIP ?? '')), problem: undefined };
}
