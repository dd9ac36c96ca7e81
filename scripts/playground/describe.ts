import type { Playground } from './playground.ts';
import { RULES_LAG, RULES_MIN_PERIOD_MS, type Delay } from './network/index.ts';
import { KUBELET_DELAYS } from './kubelet/index.ts';
import { MEASURED_DELAYS } from './mesh/index.ts';
import type { PlaygroundOptions } from './options.ts';

/** How to use a running playground, for people. */
export function describeUse({ kubeconfig, gatewayUrl, serviceUrl }: Playground, liveUrl?: string): string {
  const url = gatewayUrl ?? serviceUrl;
  const release =
    gatewayUrl === undefined
      ? ''
      : `
  npm run switch -- --to v2                           release v2 without losing a request
  npm run playground -- ctl freeze proxy=gateway for=12s`;
  const live =
    liveUrl === undefined
      ? ''
      : `
Open this in a browser on this machine; whoever has the address may press its buttons:

  ${liveUrl}
`;
  return `${live}
The playground is running. In another terminal:

  curl ${url}/coffee
  npm run load -- --url ${url}/coffee${release}
  export KUBECONFIG=${kubeconfig}; kubectl get pods   (if you have kubectl)

It ends with Ctrl-C and leaves nothing behind.
`;
}

/** The delays in force, in words and numbers. */
export function describeDelays({ mesh = 'builtin', seed = 1, delays }: PlaygroundOptions): string[] {
  const kubelet = { ...KUBELET_DELAYS, ...delays?.kubelet };
  const proxies = { ...MEASURED_DELAYS, ...delays?.mesh };
  const lines = [
    `kube-proxy follows an EndpointSlice after ${range(delays?.serviceRules ?? RULES_LAG)}, at most once in ${RULES_MIN_PERIOD_MS} ms`,
    `the kubelet sees a deletion after ${range(kubelet.deletionSeen)}, starts a pod's sandbox in ${range(kubelet.sandbox)}`,
  ];
  if (mesh !== 'none') {
    lines.push(
      `istiod collects changes for ${proxies.debounceMs} ms; a push takes ${proxies.push.minMs} to ${proxies.push.maxMs} ms (median ${proxies.push.medianMs}), each proxy up to ${proxies.spread.maxMs} ms more`,
    );
  }
  lines.push(`all drawn with seed ${seed}`);
  return lines;
}

function range(delay: Delay): string {
  if (typeof delay === 'number') return `${delay} ms`;
  const first = delay[0]?.[1] ?? 0;
  const last = delay.at(-1)?.[1] ?? 0;
  return `${first} to ${last} ms`;
}
