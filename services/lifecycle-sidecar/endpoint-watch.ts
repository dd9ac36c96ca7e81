import { readFile } from 'node:fs/promises';
import type { Clock } from '../shared/clock.ts';
import { ask, longBytes } from './ask.ts';

export interface EndpointWatchOptions {
  kubernetesUrl: string;
  namespace: string;
  service: string;
  podIp: string;
  clock: Clock;
  pollMs: number;
  timeoutMs: number;
  /** Where the ServiceAccount's token and certificate authority are mounted. */
  credentials?: string;
}

interface EndpointSliceList {
  items?: { endpoints?: { addresses?: string[]; conditions?: { ready?: boolean } }[] }[];
}

/**
 * Resolves when the control plane no longer lists this pod as a ready
 * endpoint. That is not yet every node's rules and every proxy, so nothing
 * waits for it: it is for the record. Needs the right to list endpointslices.
 */
export function createEndpointWatch(options: EndpointWatchOptions): (signal: AbortSignal) => Promise<void> {
  const { kubernetesUrl, namespace, service, podIp, clock, pollMs, timeoutMs } = options;
  const credentials = options.credentials ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const url = `${kubernetesUrl}/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`;

  const isListed = async (): Promise<boolean> => {
    // Read each time: the kubelet renews the token.
    const [token, ca] = await Promise.all(
      ['token', 'ca.crt'].map((file) => readFile(`${credentials}/${file}`, 'utf8').catch(() => undefined)),
    );
    const headers = {
      accept: 'application/json',
      ...(token ? { authorization: `Bearer ${token.trim()}` } : {}),
    };
    const { status, body } = await ask(url, {
      headers,
      timeoutMs,
      limitBytes: longBytes,
      ...(ca ? { ca } : {}),
    });
    if (status !== 200) throw new Error(`listing endpointslices answered ${status}`);
    const { items = [] } = JSON.parse(body) as EndpointSliceList;
    return items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .some(({ addresses, conditions }) => addresses?.includes(podIp) && conditions?.ready !== false);
  };

  return async (signal) => {
    while (!signal.aborted) {
      // Not allowed, or not reachable: then the record says so by having no such moment.
      if (!(await isListed().catch(() => true))) return;
      await clock.wait(pollMs, signal);
    }
  };
}
