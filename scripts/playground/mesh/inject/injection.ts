import type { KubeObject, ObjectStore } from '../../storage/types.ts';
import { rewriteProbes, type AppProbers, type Container } from './probe-rewrite.ts';
import { proxyContainer } from './proxy-container.ts';

interface PodSpec {
  hostNetwork?: boolean;
  containers: Container[];
  initContainers?: Container[];
}

export interface InjectionOptions {
  /** For pods that do not say. */
  nativeSidecars: boolean;
}

/**
 * Puts a proxy into a pod as Istio's webhook does: as an init container that stays
 * (native, the default) or as one more container (classic). Without istio-init:
 * traffic is led to the proxy by the pod network, as with Istio's CNI plugin.
 */
export function injectSidecar(
  pod: KubeObject,
  namespaceLabels: Record<string, string> | undefined,
  options: InjectionOptions,
): void {
  const spec = pod.spec as PodSpec | undefined;
  // A pod without containers is refused by the validation that follows.
  if (spec !== undefined && !Array.isArray(spec.containers)) return;
  if (spec === undefined || !wantsSidecar(pod, spec, namespaceLabels)) return;
  const { labels = {}, annotations = {} } = pod.metadata;
  const native = (annotations['sidecar.istio.io/nativeSidecar'] ?? String(options.nativeSidecars)) === 'true';
  const probers: AppProbers = Object.assign({}, ...spec.containers.map(rewriteProbes)) as AppProbers;
  const proxy = proxyContainer(spec.containers, probers, native);
  if (native) spec.initContainers = [proxy, ...(spec.initContainers ?? [])];
  else spec.containers = [...spec.containers, proxy];
  const app = spec.containers[0]?.name ?? '';
  pod.metadata.labels = {
    ...labels,
    'security.istio.io/tlsMode': 'istio',
    'service.istio.io/canonical-name': labels['app.kubernetes.io/name'] ?? labels['app'] ?? workload(pod),
    'service.istio.io/canonical-revision':
      labels['app.kubernetes.io/version'] ?? labels['version'] ?? 'latest',
  };
  pod.metadata.annotations = {
    'istio.io/rev': 'default',
    'kubectl.kubernetes.io/default-container': app,
    'kubectl.kubernetes.io/default-logs-container': app,
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/port': '15020',
    'prometheus.io/scrape': 'true',
    ...annotations,
    'sidecar.istio.io/status': JSON.stringify({
      initContainers: native ? ['istio-proxy'] : null,
      containers: native ? null : ['istio-proxy'],
      volumes: null,
      imagePullSecrets: null,
      revision: 'default',
    }),
  };
}

/** https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy */
function wantsSidecar(
  pod: KubeObject,
  spec: PodSpec,
  namespaceLabels: Record<string, string> | undefined,
): boolean {
  const { labels, annotations } = pod.metadata;
  if (spec.hostNetwork === true || annotations?.['sidecar.istio.io/status'] !== undefined) return false;
  const policy = namespaceLabels?.['istio-injection'];
  const own = labels?.['sidecar.istio.io/inject'] ?? annotations?.['sidecar.istio.io/inject'];
  if (policy === 'enabled') return own !== 'false';
  return policy === undefined && own === 'true';
}

function workload(pod: KubeObject): string {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  return owner?.name ?? pod.metadata.name;
}

/** Registers the injection with the store, so that it happens before a pod is stored. */
export function registerInjection(store: ObjectStore, options: InjectionOptions): void {
  store.addAdmission('v1/pods', (draft) => {
    const namespace = store.get('v1/namespaces', undefined, draft.metadata.namespace ?? 'default');
    injectSidecar(draft, namespace?.metadata.labels, options);
  });
}
