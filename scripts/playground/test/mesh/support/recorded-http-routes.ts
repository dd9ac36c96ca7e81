import { readFileSync } from 'node:fs';
import type { GatewayApiState } from '../../../mesh/gateway-api/objects.ts';
import type { MeshState, ServiceObject } from '../../../mesh/istiod/istio-objects.ts';
import type { RouteConfigJson } from '../../../mesh/xds-types.ts';
import type { KubeObject } from '../../../storage/types.ts';

/** A route as the recordings sum it up. */
export interface ShortRoute {
  vhost: string;
  name: string;
  match: object;
  target: unknown;
  config: string | null;
}

export interface Stage {
  stage: string;
  objects: KubeObject[];
  gateway: RouteConfigJson[];
  sidecar: RouteConfigJson[];
  clusters: string[];
  generated: KubeObject[];
}

export interface Answers {
  merged: { gateway: ShortRoute[]; sidecar: ShortRoute[]; virtualServices: KubeObject[] };
  weights: { weights: string; rule: string; gateway: ShortRoute[]; sidecar: ShortRoute[] }[];
  backends: {
    gateway: ShortRoute[];
    sidecar: ShortRoute[];
    routes: Record<string, { generation: number; spec: object; status: { parents: object[] } }>;
  };
  besideVirtualService: Record<string, { gateway: ShortRoute[]; sidecar?: ShortRoute[] }>;
  consumer: { consumer: ShortRoute[]; own: ShortRoute[] };
  deleted: { sidecar: RouteConfigJson[] };
  foreignAddress: KubeObject;
  classes: KubeObject[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/istio/gateway-api/${name}.json`, import.meta.url), 'utf8'));

export const stages = read('stages') as Stage[];
export const answers = read('answers') as Answers;

export const NAMESPACE = 'ze-gapi';
export const OWN_GATEWAY = {
  type: 'router' as const,
  namespace: NAMESPACE,
  labels: { app: 'gw' },
  targetPorts: new Map([[80, 8080]]),
};
export const sidecarIn = (namespace: string) => ({
  type: 'sidecar' as const,
  namespace,
  labels: {},
  targetPorts: new Map<number, number>(),
});

const ADDRESSES: Record<string, string> = {
  shop: '10.96.97.101',
  'shop-v1': '10.96.34.209',
  'shop-v2': '10.96.246.172',
  empty: '10.96.240.201',
  stat: '10.96.212.120',
};

const meta = (name: string, namespace = NAMESPACE): KubeObject['metadata'] => ({
  ...{ name, namespace, uid: `${namespace}/${name}`, resourceVersion: '1' },
  creationTimestamp: '2026-11-30T17:00:00Z',
});

function service(name: string, selector: Record<string, string>, port = 8080): ServiceObject {
  const clusterIP = ADDRESSES[name] ?? '10.96.0.9';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: { clusterIP, selector, ports: [{ name: 'http', port, protocol: 'TCP' }] },
  };
}

/** The cluster of the recording with these objects of Gateway API and these Services. */
export function recordedCluster(objects: KubeObject[], services: string[]): MeshState {
  const of = (kind: string) => objects.filter((one) => one.kind === kind);
  const gatewayApi: GatewayApiState = {
    gatewayClasses: answers.classes as GatewayApiState['gatewayClasses'],
    gateways: of('Gateway') as GatewayApiState['gateways'],
    httpRoutes: of('HTTPRoute') as GatewayApiState['httpRoutes'],
    referenceGrants: of('ReferenceGrant') as GatewayApiState['referenceGrants'],
    namespaces: [NAMESPACE, 'ze-gapi-b', 'istio-system'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: meta(name),
    })),
  };
  return {
    services: [
      service('gw', OWN_GATEWAY.labels, 80),
      ...services.map((name) => service(name, { app: 'shop' })),
    ],
    endpointSlices: [],
    pods: [],
    gateways: [],
    virtualServices: [],
    destinationRules: [],
    sidecars: [],
    gatewayApi,
  };
}

/** The same object with another name, namespace or spec, and perhaps of another time. */
export function changed(
  object: KubeObject,
  {
    name,
    namespace,
    created,
    ...spec
  }: Record<string, unknown> & { name?: string; namespace?: string; created?: string },
): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(created === undefined ? {} : { creationTimestamp: created }),
    },
    spec: { ...(object.spec as object), ...spec },
  };
}
