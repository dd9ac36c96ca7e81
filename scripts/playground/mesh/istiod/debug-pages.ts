import type { KubeObject, ObjectStore } from '../../storage/types.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE, type TypeUrl } from '../xds-types.ts';
import { translateGatewayApi } from '../gateway-api/translate.ts';
import type { Discovery } from './discovery.ts';
import type { MeshState } from './istio-objects.ts';
import type { ProxyConnection } from './proxy-connection.ts';
import { meshServices } from './services.ts';
import { computeSnapshot } from './snapshot.ts';

/** The release whose behaviour this istiod follows. */
export const ISTIO_VERSION = '1.31-dev';

const FIELDS: [string, TypeUrl][] = [
  ['cluster', CLUSTER_TYPE],
  ['listener', LISTENER_TYPE],
  ['route', ROUTE_TYPE],
  ['endpoint', ENDPOINT_TYPE],
];

/** `/debug/syncz`: who is connected, and the nonces last sent to and acknowledged by each. */
export function syncz(discovery: Discovery) {
  return [...discovery.connections].sort(byName).map((connection) => ({
    cluster_id: 'Kubernetes',
    proxy: connection.name,
    proxy_type: connection.proxy.type,
    istio_version: ISTIO_VERSION,
    ...Object.fromEntries(
      FIELDS.flatMap(([field, type]): (readonly [string, string])[] => {
        const status = connection.status.get(type);
        if (status === undefined) return [];
        const sent = [`${field}_sent`, status.sent] as const;
        return status.acked === '' ? [sent] : [sent, [`${field}_acked`, status.acked] as const];
      }),
    ),
    resources: Object.fromEntries(
      [...connection.status]
        .sort((a, b) => (a[0] < b[0] ? -1 : 1))
        .map(([type, { sent, acked, sentTime, lastError }]) => [
          type,
          {
            sent,
            ...(acked === '' ? {} : { acked }),
            sentTime,
            ...(lastError === undefined ? {} : { lastError }),
          },
        ]),
    ),
  }));
}

function byName(a: ProxyConnection, b: ProxyConnection): number {
  return a.name < b.name ? -1 : 1;
}

const CONFIG_KINDS = [
  'networking.istio.io/v1/destinationrules',
  'networking.istio.io/v1/gateways',
  'networking.istio.io/v1/sidecars',
  'networking.istio.io/v1/virtualservices',
];

/**
 * `/debug/configz`: the Istio objects this istiod has seen, with the revision it has seen; those of
 * Gateway API with their status, and what istiod has made of them, which has no revision.
 */
export function configz(store: ObjectStore, state: MeshState) {
  const seen = CONFIG_KINDS.flatMap((resource) => store.list(resource)).map(configEntry);
  if (state.gatewayApi === undefined) return seen;
  const { gatewayClasses, gateways, httpRoutes, referenceGrants } = state.gatewayApi;
  const raw = [...gatewayClasses, ...gateways, ...httpRoutes, ...referenceGrants];
  const { gateways: madeGateways, virtualServices } = translateGatewayApi(state);
  return [
    ...seen,
    ...raw.map((one) => ({
      ...configEntry(one),
      ...(one.status === undefined ? {} : { status: one.status }),
    })),
    ...madeGateways.map((one) => ({ ...generatedEntry(one), spec: { servers: one.spec?.servers } })),
    ...virtualServices.map(generatedEntry),
  ];
}

const configEntry = (object: KubeObject) => ({
  kind: object.kind,
  apiVersion: object.apiVersion,
  metadata: configMetadata(object),
  spec: object.spec,
});

function generatedEntry({ kind, apiVersion, metadata, spec }: KubeObject) {
  const { name, namespace, creationTimestamp, annotations } = metadata;
  return { kind, apiVersion, metadata: { name, namespace, creationTimestamp, annotations }, spec };
}

function configMetadata({ metadata }: KubeObject) {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, labels, annotations } =
    metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    ...(generation === undefined ? {} : { generation }),
    creationTimestamp,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function client(connection: ProxyConnection) {
  return {
    connectionId: `${connection.name}-${connection.number}`,
    connectedAt: connection.connectedAt.toISOString(),
    address: connection.proxy.ip,
  };
}

export function connections(discovery: Discovery) {
  const clients = [...discovery.connections].sort(byName).map(client);
  return { totalClients: clients.length, clients };
}

export function adsz(discovery: Discovery) {
  const clients = [...discovery.connections].map((connection) => ({
    ...client(connection),
    labels: connection.proxy.labels,
  }));
  return { totalClients: clients.length, clients };
}

/** The load assignments istiod would send to one proxy now. */
export function edsz(discovery: Discovery, proxyId: string) {
  const connection = discovery.connections.find((one) => one.name === proxyId || one.proxy.pod === proxyId);
  if (connection === undefined) return undefined;
  return [...computeSnapshot(connection.proxy, discovery.state())[ENDPOINT_TYPE].values()];
}

export function endpointShardz(discovery: Discovery) {
  const state = discovery.state();
  return Object.fromEntries(
    meshServices(state).map((service) => [
      service.host,
      {
        [service.namespace]: {
          Shards: {
            'Kubernetes/Kubernetes': service.ports.flatMap((port) =>
              port.endpoints.map((endpoint) => ({
                Labels: endpoint.labels,
                Addresses: [endpoint.ip],
                ServicePortName: port.name,
                EndpointPort: endpoint.port,
                TLSMode: endpoint.tlsMode ?? 'disabled',
                Namespace: service.namespace,
                WorkloadName: endpoint.workload?.split(';', 1)[0] ?? '',
                HealthStatus: endpoint.healthy ? 1 : 2,
              })),
            ),
          },
        },
      },
    ]),
  );
}
