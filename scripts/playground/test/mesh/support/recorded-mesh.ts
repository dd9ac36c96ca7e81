import type {
  DestinationRuleObject,
  EndpointSliceObject,
  GatewayObject,
  MeshState,
  PodObject,
  ServiceObject,
  VirtualServiceObject,
} from '../../../mesh/istiod/istio-objects.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { fixture } from './fixture.ts';

function meta(
  name: string,
  namespace: string,
  more: Partial<KubeObject['metadata']> = {},
): KubeObject['metadata'] {
  return {
    name,
    namespace,
    uid: `${namespace}/${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-11-23T11:00:00Z',
    ...more,
  };
}

function service(name: string, namespace: string, clusterIP: string): ServiceObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name, namespace),
    spec: { clusterIP, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
  };
}

const PODS = [
  ['10.244.0.88', 'v2'],
  ['10.244.0.89', 'v2'],
  ['10.244.0.90', 'v1'],
  ['10.244.0.91', 'v1'],
] as const;

export interface SliceConditions {
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
}

/**
 * What the recorded istiod knew at stage 4 (weights 90/10): cafe with two versions, shop in two namespaces.
 */
export function recordedMesh(conditions: Record<string, SliceConditions> = {}): MeshState {
  const config = fixture('configz.4-canary-90-10') as KubeObject[];
  const ofKind = (kind: string) => config.filter((object) => object.kind === kind);
  const pods: PodObject[] = PODS.map(([ip, version]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(`cafe-${version}-abc12-${ip.slice(-2)}`, 'ze-mesh', {
      labels: { app: 'cafe', version, 'pod-template-hash': 'abc12', 'security.istio.io/tlsMode': 'istio' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `cafe-${version}-abc12`,
          uid: 'r',
          controller: true,
        },
      ],
    }),
    status: { podIP: ip },
  }));
  const slice: EndpointSliceObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta('cafe-1', 'ze-mesh', { labels: { 'kubernetes.io/service-name': 'cafe' } }),
    ports: [{ name: 'http', port: 8080 }],
    endpoints: pods.map((pod) => ({
      addresses: [pod.status?.podIP ?? ''],
      conditions: conditions[pod.status?.podIP ?? ''] ?? { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: 'ze-mesh' },
    })),
  };
  return {
    services: [
      service('shop', 'ze-plain', '10.96.228.177'),
      service('shop', 'ze-mesh', '10.96.191.214'),
      service('cafe', 'ze-mesh', '10.96.106.71'),
    ],
    pods,
    endpointSlices: [slice],
    gateways: ofKind('Gateway') as GatewayObject[],
    virtualServices: ofKind('VirtualService') as VirtualServiceObject[],
    destinationRules: ofKind('DestinationRule') as DestinationRuleObject[],
    sidecars: [],
  };
}

export const GATEWAY_NODE = {
  type: 'router' as const,
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  targetPorts: new Map([[80, 8080]]),
};
export const SIDECAR_NODE = {
  type: 'sidecar' as const,
  namespace: 'ze-mesh',
  labels: {},
  targetPorts: new Map<number, number>(),
};
