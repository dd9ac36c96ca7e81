import type { AppProbers, Container } from './probe-rewrite.ts';

const READY = { httpGet: { path: '/healthz/ready', port: 15021, scheme: 'HTTP' }, timeoutSeconds: 3 };

/**
 * The injected container. What matters of it here is its name, its
 * place in the pod and its hooks; the mesh runs the proxy.
 */
export function proxyContainer(apps: Container[], probers: AppProbers, native: boolean): Container {
  const ports = apps
    .flatMap((app) => app.ports ?? [])
    .map(({ name, containerPort, protocol }) => ({ name, containerPort, protocol: protocol ?? 'TCP' }));
  const container: Container = {
    name: 'istio-proxy',
    image: 'istio/proxyv2:built-in',
    args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local', '--proxyLogLevel=warning'],
    ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
    env: [
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('INSTANCE_IP', 'status.podIP'),
      { name: 'PROXY_CONFIG', value: '{}\n' },
      { name: 'ISTIO_META_POD_PORTS', value: JSON.stringify(ports) },
      { name: 'ISTIO_META_APP_CONTAINERS', value: apps.map((app) => app.name).join(',') },
      { name: 'ISTIO_META_CLUSTER_ID', value: 'Kubernetes' },
      { name: 'ISTIO_META_INTERCEPTION_MODE', value: 'REDIRECT' },
      { name: 'ISTIO_META_MESH_ID', value: 'cluster.local' },
      ...(Object.keys(probers).length === 0
        ? []
        : [{ name: 'ISTIO_KUBE_APP_PROBERS', value: JSON.stringify(probers) }]),
    ],
    resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '10m', memory: '40Mi' } },
    readinessProbe: { ...READY, periodSeconds: 15, successThreshold: 1, failureThreshold: 4 },
    startupProbe: { ...READY, periodSeconds: 1, successThreshold: 1, failureThreshold: 600 },
  };
  if (!native) return container;
  return {
    ...container,
    restartPolicy: 'Always',
    lifecycle: {
      preStop: { exec: { command: ['pilot-agent', 'request', '--debug-port=15020', 'POST', 'drain'] } },
    },
  };
}

function field(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}
