import { randomBytes } from 'node:crypto';
import type { PodNetwork } from '../network-types.ts';
import type { NewObject, ObjectStore } from '../storage/types.ts';

export const SYSTEM_NAMESPACE = 'istio-system';
/** Not the kubelet's node: these pods run in the playground itself. */
const SYSTEM_NODE = 'playground-system';

export interface SystemPod {
  name: string;
  uid: string;
  ip: string;
  labels: Record<string, string>;
}

const ISTIOD_PORTS = [8080, 15010, 15012, 15014, 15017];
const GATEWAY_PORTS = [8080, 8443, 15000, 15020, 15021, 15090];

/** The namespace, both Services, and one running pod each of istiod and the ingress gateway. */
export async function createSystemPods(
  store: ObjectStore,
  network: PodNetwork,
): Promise<{ istiod: SystemPod; gateway: SystemPod }> {
  if (store.get('v1/namespaces', undefined, SYSTEM_NAMESPACE) === undefined) {
    store.create('v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: SYSTEM_NAMESPACE },
    });
  }
  store.create(
    'v1/services',
    service('istiod', { app: 'istiod', istio: 'pilot' }, [
      ['grpc-xds', 15010, 15010],
      ['https-dns', 15012, 15012],
      ['https-webhook', 443, 15017],
      ['http-monitoring', 15014, 15014],
    ]),
  );
  store.create(
    'v1/services',
    service('istio-ingressgateway', { app: 'istio-ingressgateway', istio: 'ingressgateway' }, [
      ['status-port', 15021, 15021],
      ['http2', 80, 8080],
      ['https', 443, 8443],
    ]),
  );
  const istiod = await createIstiodPod(store, network);
  const gateway = await createGatewayPod(store, network);
  return { istiod, gateway };
}

/** One more istiod pod, which does not run yet; of the same template as the one it replaces. */
export function createIstiodPod(
  store: ObjectStore,
  network: PodNetwork,
  before?: SystemPod,
): Promise<SystemPod> {
  const labels = { app: 'istiod', istio: 'pilot', ...templateOf(before) };
  return createPod(store, network, 'istiod', 'discovery', labels, ISTIOD_PORTS, [8080, 15010, 15017]);
}

/** One more gateway pod, which does not run yet; of the same template as the one it replaces. */
export function createGatewayPod(
  store: ObjectStore,
  network: PodNetwork,
  before?: SystemPod,
): Promise<SystemPod> {
  const labels = {
    app: 'istio-ingressgateway',
    istio: 'ingressgateway',
    'service.istio.io/canonical-name': 'istio-ingressgateway',
    'service.istio.io/canonical-revision': 'latest',
    ...templateOf(before),
  };
  const declared = [15021, 8080, 8443, 15090];
  return createPod(store, network, 'istio-ingressgateway', 'istio-proxy', labels, GATEWAY_PORTS, declared);
}

function templateOf(pod: SystemPod | undefined): Record<string, string> {
  const hash = pod?.labels['pod-template-hash'];
  return hash === undefined ? {} : { 'pod-template-hash': hash };
}

function service(
  name: string,
  selector: Record<string, string>,
  ports: [string, number, number][],
): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: SYSTEM_NAMESPACE, labels: selector },
    spec: {
      type: 'ClusterIP',
      selector,
      ports: ports.map(([port, number, targetPort]) => ({
        name: port,
        port: number,
        targetPort,
        protocol: 'TCP',
      })),
    },
  };
}

async function createPod(
  store: ObjectStore,
  network: PodNetwork,
  app: string,
  container: string,
  labels: Record<string, string>,
  ports: number[],
  declared: number[],
): Promise<SystemPod> {
  const hash = labels['pod-template-hash'] ?? randomBytes(5).toString('hex');
  const name = `${app}-${hash}-${randomBytes(3).toString('hex').slice(0, 5)}`;
  const image = container === 'discovery' ? 'istio/pilot:built-in' : 'istio/proxyv2:built-in';
  const all = { ...labels, 'pod-template-hash': hash, 'sidecar.istio.io/inject': 'false' };
  const pod = store.create('v1/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: SYSTEM_NAMESPACE, labels: all },
    spec: {
      nodeName: SYSTEM_NODE,
      containers: [
        {
          name: container,
          image,
          ports: declared.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
        },
      ],
    },
  });
  const ip = await network.allocate(pod.metadata.uid, ports);
  // What listens on the pod's own loopback (Envoy's admin) is then not on its address.
  network.intercept(ip, true);
  return { name, uid: pod.metadata.uid, ip, labels: all };
}

/** Says that the pod runs and is ready, as a kubelet would; or that its process has ended and comes again. */
export function markRunning(
  store: ObjectStore,
  pod: SystemPod,
  container: string,
  { restarts = 0, away = false }: { restarts?: number; away?: boolean } = {},
): void {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string) => ({
    type,
    status: away && type.endsWith('Ready') ? 'False' : 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  });
  const containerID =
    restarts === 0 ? {} : { containerID: `playground://${pod.uid}/${container}/${restarts}` };
  store.mutate(
    'v1/pods',
    SYSTEM_NAMESPACE,
    pod.name,
    (draft) => {
      draft.status = {
        phase: 'Running',
        podIP: pod.ip,
        podIPs: [{ ip: pod.ip }],
        hostIP: '127.0.0.1',
        hostIPs: [{ ip: '127.0.0.1' }],
        startTime: now,
        qosClass: 'BestEffort',
        conditions: [
          'PodReadyToStartContainers',
          'Initialized',
          'Ready',
          'ContainersReady',
          'PodScheduled',
        ].map(condition),
        containerStatuses: [
          {
            name: container,
            ready: !away,
            started: !away,
            restartCount: restarts,
            ...containerID,
            image: container === 'discovery' ? 'istio/pilot:built-in' : 'istio/proxyv2:built-in',
            imageID: '',
            state: away ? { waiting: { reason: 'CrashLoopBackOff' } } : { running: { startedAt: now } },
            lastState: {},
          },
        ],
      };
    },
    { subresource: 'status' },
  );
}
