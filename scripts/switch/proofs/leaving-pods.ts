/** The pods of the leaving version, and the proxies whose page of counters must not be shortened. */
import type { Pod } from '../../shared/kubernetes.ts';
import { proxyContainer } from './proxies.ts';
import type { Proxy } from './proxies.ts';

export interface LeavingPods {
  addresses: ReadonlySet<string>;
  /**
   * Whether this proxy must be asked for all of its clusters. Another Service may select the same pods. Its
   * callers' requests show at the pods' own sidecars, so the pages of these are never shortened. If a pod has
   * no sidecar that sees all incoming requests, no page is shortened.
   */
  needsWholePage: (proxy: Pick<Proxy, 'uid'>) => boolean;
}

export function leavingPods(pods: readonly Pod[]): LeavingPods {
  const addressed = pods.filter(({ status }) => (status?.podIP ?? '') !== '');
  const own = new Set(pods.map(({ metadata }) => metadata.uid));
  const areAllSeen = addressed.every(seesWhatComesIn);
  return {
    addresses: new Set(addressed.map(({ status }) => status?.podIP ?? '')),
    needsWholePage: ({ uid }) => !areAllSeen || own.has(uid),
  };
}

/** Annotations can let ports past the sidecar. https://istio.io/latest/docs/reference/config/annotations/ */
const PAST_THE_SIDECAR = [
  'traffic.sidecar.istio.io/includeInboundPorts',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'sidecar.istio.io/interceptionMode',
];

function seesWhatComesIn(pod: Pod): boolean {
  const { annotations = {} } = pod.metadata;
  return (
    proxyContainer(pod)?.state?.running !== undefined &&
    !PAST_THE_SIDECAR.some((name) => Object.hasOwn(annotations, name))
  );
}
