import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  resourceName,
  ROUTE_TYPE,
  type ClusterJson,
  type ClusterLoadAssignmentJson,
  type ListenerJson,
  type Resource,
} from '../../xds-types.ts';
import type { ProxySpec, ResourcePush } from '../messages.ts';
import { envoyAddress, type PodAddresses } from './addresses.ts';
import { envoyCluster, inboundClusters } from './clusters.ts';
import { SCOPE_TYPE, type SentResource, type TypePush } from './delta-stream.ts';
import { envoyListeners, routeScopes } from './listeners.ts';
import { encodeAny } from './protobuf/encode.ts';

/** Turns istiod's pushes to one proxy into what an Envoy on this machine is sent. */
export class EnvoyResources {
  readonly #spec: ProxySpec;
  readonly #addresses: PodAddresses;
  readonly #logFile: string;
  readonly #listeners = new Map<string, ListenerJson>();
  /** The listeners as last sent: one of them depends on the others. */
  #sentListeners = new Map<string, string>();
  #sentScopes = new Map<string, SentResource>();
  #hasInboundClusters = false;

  constructor(spec: ProxySpec, addresses: PodAddresses, logFile: string) {
    this.#spec = spec;
    this.#addresses = addresses;
    this.#logFile = logFile;
  }

  translate(push: ResourcePush): TypePush[] {
    const { typeUrl, nonce, version, removed } = push;
    const head = { typeUrl, nonce, version };
    for (const [address, socket] of push.sockets) {
      const colon = address.lastIndexOf(':');
      this.#addresses.set(address.slice(0, colon), Number(address.slice(colon + 1)), socket);
    }
    switch (typeUrl) {
      case LISTENER_TYPE:
        return [
          { ...head, ...this.#translateListeners(push.changed as ListenerJson[], removed) },
          ...this.#scopes(nonce, version),
        ];
      case CLUSTER_TYPE:
        return [{ ...head, changed: this.#clusters(push.changed as ClusterJson[]), removed }];
      case ENDPOINT_TYPE:
        return [{ ...head, changed: this.#endpoints(push.changed as ClusterLoadAssignmentJson[]), removed }];
      case ROUTE_TYPE:
        return [
          {
            ...head,
            changed: new Map(push.changed.map((one) => [resourceName(one), sent(typeUrl, one)])),
            removed,
          },
        ];
    }
  }

  #clusters(changed: ClusterJson[]): Map<string, SentResource> {
    const resources = new Map(
      changed.map((cluster) => {
        const asksFor =
          cluster.eds_cluster_config === undefined ? [] : [cluster.eds_cluster_config.service_name];
        return [cluster.name, sent(CLUSTER_TYPE, envoyCluster(cluster), asksFor)];
      }),
    );
    if (!this.#hasInboundClusters) {
      for (const cluster of inboundClusters(this.#spec))
        resources.set(cluster.name, sent(CLUSTER_TYPE, cluster));
      this.#hasInboundClusters = true;
    }
    return resources;
  }

  #endpoints(changed: ClusterLoadAssignmentJson[]): Map<string, SentResource> {
    return new Map(
      changed.map((assignment) => [
        assignment.cluster_name,
        sent(ENDPOINT_TYPE, this.#atSockets(assignment)),
      ]),
    );
  }

  #atSockets(assignment: ClusterLoadAssignmentJson): object {
    return {
      ...assignment,
      ...(assignment.endpoints === undefined
        ? {}
        : {
            endpoints: assignment.endpoints.map((locality) => ({
              ...locality,
              lb_endpoints: locality.lb_endpoints.map((one) => {
                const { address, port_value: port } = one.endpoint.address.socket_address;
                const socket = this.#addresses.socketOf(address, port);
                return { ...one, endpoint: { ...one.endpoint, address: envoyAddress(socket) } };
              }),
            })),
          }),
    };
  }

  #translateListeners(changed: ListenerJson[], removed: string[]): Pick<TypePush, 'changed' | 'removed'> {
    for (const listener of changed) this.#listeners.set(listener.name, listener);
    for (const name of removed) this.#listeners.delete(name);
    const all = envoyListeners(this.#listeners, this.#spec, this.#logFile);
    const before = this.#sentListeners;
    this.#sentListeners = new Map([...all].map(([name, { json }]) => [name, JSON.stringify(json)]));
    const different = [...all].filter(([name]) => before.get(name) !== this.#sentListeners.get(name));
    return {
      changed: new Map(
        different.map(([name, { json, routeNames }]) => [name, sent(LISTENER_TYPE, json, routeNames)]),
      ),
      removed,
    };
  }

  /** The scopes of a sidecar's calls follow its listeners. */
  #scopes(nonce: string, version: string): TypePush[] {
    if (this.#spec.type === 'router') return [];
    const scopes = new Map(
      [...routeScopes(this.#listeners)].map(([name, { json, routeName }]) => [
        name,
        sent(SCOPE_TYPE, json, [routeName]),
      ]),
    );
    const before = this.#sentScopes;
    this.#sentScopes = scopes;
    const changed = new Map(
      [...scopes].filter(([name, { any }]) => before.get(name)?.any.equals(any) !== true),
    );
    const removed = [...before.keys()].filter((name) => !scopes.has(name));
    return [{ typeUrl: SCOPE_TYPE, nonce, version, changed, removed }];
  }
}

function sent(typeUrl: string, resource: Resource | object, asksFor: string[] = []): SentResource {
  return { any: encodeAny({ '@type': typeUrl, ...resource }), asksFor };
}
