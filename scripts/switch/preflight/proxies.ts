/** Checks that the proxies can give the proofs. */
import { messageOf } from '../../shared/errors.ts';
import type { Pod } from '../../shared/kubernetes.ts';
import { nameOf } from '../proofs/proxies.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

export const noFilter: Check = {
  title: 'gateways hear of a version before a route names it',
  async run({ context: { mesh, signal, to }, proxies }) {
    const filtering = await mesh.filteringIstiod(signal);
    if (filtering !== undefined && proxies.some(({ type }) => type === 'router'))
      refuse(
        `${filtering} runs with PILOT_FILTER_GATEWAY_CLUSTER_CONFIG=true: a gateway hears of ${to} only when a route names it, so nothing can prove before that it is ready there. Turn it off`,
      );
    return [];
  },
};

/** A gateway that rejects one route gets no other route of the same port either. */
export const rejecting: Check = {
  title: 'no proxy rejects its configuration',
  run: ({ proxies }) =>
    proxies.flatMap((proxy) =>
      proxy.rejected === undefined
        ? []
        : [
            `${nameOf(proxy)} rejects its configuration: ${proxy.rejected}; nothing sent with it takes effect there until it is fixed`,
          ],
    ),
};

/**
 * Notes proxies that do not answer. They may be starting or ending: the proofs wait for them.
 * The port-forwards opened here stay open for the proofs.
 */
export const askable: Check = {
  title: 'every proxy can be asked',
  async run({ context: { mesh, signal }, proxies }) {
    const failures = await Promise.all(
      proxies.map((proxy) =>
        mesh.isLive(proxy, signal).then(
          (): undefined => undefined,
          (error: unknown) => `${nameOf(proxy)} (${messageOf(error)})`,
        ),
      ),
    );
    const unheard = failures.filter((text) => text !== undefined);
    if (unheard.length === 0) return [];
    const more = unheard.length > 5 ? ` and ${unheard.length - 5} more` : '';
    return [
      `${unheard.length} of ${proxies.length} proxies cannot be asked now: ${unheard.slice(0, 5).join(', ')}${more}; nothing is proven until they answer or are gone`,
    ];
  },
};

/** Without a sidecar at the pods, proof C misses requests of callers that have no proxy. */
export const sidecars: Check = {
  title: "the current version's pods have a sidecar",
  run: ({ context: { from }, pod }) =>
    pod === undefined || hasSidecar(pod)
      ? []
      : [
          `the pods of ${from} have no sidecar: proof C misses callers without one, whose requests may still run when the pods end`,
        ],
};

/** https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ */
function hasSidecar({ spec: { containers, initContainers = [] } }: Pod): boolean {
  return [...containers, ...initContainers].some(({ name }) => name === 'istio-proxy');
}
