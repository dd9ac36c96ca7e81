/** The list of proxies: those that are connected to an istiod, and the pods that run an istio-proxy. */
import { containerStatusesOf } from '../../shared/kubernetes.ts';
import type { ContainerStatus, Pod } from '../../shared/kubernetes.ts';

export interface Proxy {
  /** Changes when the proxy's container is restarted: the new process must prove the claim again. */
  key: string;
  namespace: string;
  pod: string;
  /** `sidecar`, `router` (a gateway), `waypoint`, or unknown when no istiod knows it. */
  type: string;
  /** Undefined for a proxy without a pod here (another cluster, a virtual machine): it cannot be asked. */
  uid: string | undefined;
  terminating: boolean;
  /** The proxy's reason for rejecting its configuration, in istiod's words. */
  rejected: string | undefined;
  /** The proxy's version of Istio, where an istiod reports it: `1.31.0`. */
  istioVersion?: string;
}

/** One entry of istiod's `/debug/syncz`. */
export interface SyncStatus {
  proxy?: string;
  proxy_type?: string;
  istio_version?: string;
  resources?: Record<string, { lastError?: string }>;
}

export function nameOf({ pod, namespace }: Pick<Proxy, 'pod' | 'namespace'>): string {
  return `${pod}.${namespace}`;
}

export function mergeProxies(statuses: SyncStatus[], pods: Pod[]): Proxy[] {
  const connected = new Map<string, SyncStatus>();
  for (const status of statuses) {
    // ztunnel has no routes. A name without a namespace is no proxy of a pod.
    if (status.proxy === undefined || status.proxy_type === 'ztunnel') continue;
    const known = connected.get(status.proxy);
    connected.set(status.proxy, known && rejection(known) ? known : status);
  }
  const proxies: Proxy[] = [];
  for (const pod of pods) {
    const { name, namespace = '', uid = '' } = pod.metadata;
    const id = `${name}.${namespace}`;
    const status = connected.get(id);
    connected.delete(id);
    const container = proxyContainer(pod);
    const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (over || (status === undefined && container?.state?.running === undefined)) continue;
    proxies.push({
      key: `${uid}/${container?.containerID ?? ''}/${container?.restartCount ?? 0}`,
      namespace,
      pod: name,
      type: status?.proxy_type ?? 'unknown',
      uid,
      terminating: pod.metadata.deletionTimestamp !== undefined,
      rejected: status && rejection(status),
      ...(status?.istio_version ? { istioVersion: status.istio_version } : {}),
    });
  }
  for (const [id, status] of connected) {
    const dot = id.lastIndexOf('.');
    proxies.push({
      key: id,
      namespace: id.slice(dot + 1),
      pod: id.slice(0, dot),
      type: status.proxy_type ?? 'unknown',
      uid: undefined,
      terminating: false,
      rejected: rejection(status),
    });
  }
  return proxies;
}

export function proxyContainer(pod: Pod): ContainerStatus | undefined {
  return containerStatusesOf(pod).find(({ name }) => name === 'istio-proxy');
}

function rejection({ resources = {} }: SyncStatus): string | undefined {
  const texts = Object.entries(resources)
    .filter(([, { lastError }]) => lastError !== undefined && lastError !== '')
    .map(([type, { lastError }]) => `${type.split('.').at(-1) ?? type}: ${lastError ?? ''}`);
  return texts.length > 0 ? texts.join('; ') : undefined;
}
