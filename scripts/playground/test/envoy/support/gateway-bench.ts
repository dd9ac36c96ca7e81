import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startBuiltinDataPlane } from '../../../mesh/data-plane/builtin.ts';
import type { Acknowledgement, DataPlane } from '../../../mesh/data-plane/data-plane.ts';
import { startEnvoyDataPlane } from '../../../mesh/data-plane/envoy/envoy.ts';
import type { ProxySpec, ResourcePush } from '../../../mesh/data-plane/messages.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  type ListenerJson,
  type Resource,
  type RouteConfigJson,
  type RouteJson,
  type TypeUrl,
} from '../../../mesh/xds-types.ts';
import { outboundClusters } from '../../../mesh/istiod/clusters.ts';
import { loadAssignments } from '../../../mesh/istiod/endpoints.ts';
import type { TrafficPolicy } from '../../../mesh/istiod/istio-objects.ts';
import { startGuard } from '../../../kubelet/guard.ts';
import { get, until, type Answer } from '../../mesh/support/test-mesh.ts';
import { closedPort } from '../../mesh/support/apps.ts';
import { policyOf, service, type Address } from '../../mesh/support/proxies.ts';

const LISTENER: ListenerJson = {
  name: '0.0.0.0_8080',
  address: { socket_address: { address: '0.0.0.0', port_value: 8080 } },
  traffic_direction: 'OUTBOUND',
  route_config_name: 'http.8080',
};

/** One data plane with a gateway, and sidecars in front of apps, fed by hand as istiod feeds it. */
export class GatewayBench {
  readonly plane: DataPlane;
  address: Address = { host: '', port: 0 };
  admin: Address = { host: '', port: 0 };
  readonly acknowledgements: Acknowledgement[] = [];
  /** Access log lines by proxy. */
  readonly logs = new Map<string, string[]>();
  readonly failures: Error[] = [];
  readonly isBuiltin: boolean;
  private readonly folder: string;
  private readonly guard: { close(): Promise<void> };
  private waiting: { nonce: string; resolve: (acknowledgement: Acknowledgement) => void }[] = [];
  private count = 0;

  private constructor(
    plane: DataPlane,
    folder: string,
    guard: { close(): Promise<void> },
    isBuiltin: boolean,
  ) {
    this.isBuiltin = isBuiltin;
    this.plane = plane;
    this.folder = folder;
    this.guard = guard;
    plane.onLog((proxyId, text) => {
      const lines = this.logs.get(proxyId) ?? [];
      lines.push(...text.split('\n').filter((line) => line !== ''));
      this.logs.set(proxyId, lines);
    });
    plane.onAcknowledged((acknowledgement) => {
      this.acknowledgements.push(acknowledgement);
      for (const one of this.waiting) if (one.nonce === acknowledgement.nonce) one.resolve(acknowledgement);
    });
  }

  /** @param binary an Envoy; without one, the built-in proxy. */
  static async start(binary: string | undefined): Promise<GatewayBench> {
    const stateDir = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
    const guard = startGuard({ stateDir });
    const failures: Error[] = [];
    const onFailure = (error: Error) => void failures.push(error);
    const plane =
      binary === undefined
        ? await startBuiltinDataPlane({ stateDir, onFailure })
        : await startEnvoyDataPlane({ stateDir, binary, guard, onFailure });
    const bench = new GatewayBench(plane, stateDir, guard, binary === undefined);
    bench.failures.push(...failures);
    bench.admin = await closedPort();
    const spec = await bench.spec('gateway', 'istio-ingressgateway-1-1.istio-system', bench.admin);
    const address = await plane.start({
      ...spec,
      type: 'router',
      gateway: [{ port: 8080, sockets: [await closedPort()] }],
    });
    if (address === undefined) throw new Error('the gateway has no address');
    bench.address = address;
    return bench;
  }

  /** A sidecar in front of an app; resolves with where its callers connect, when it serves. */
  async sidecar(app: Address, id = `sidecar-${this.count}`): Promise<Address> {
    const outside = await closedPort();
    const spec = await this.spec(id, `${id}-1-1.default`, await closedPort());
    await this.plane.start({
      ...spec,
      inbound: [{ port: 8080, outside, inside: app }],
      outbound: await closedPort(),
    });
    // As istiod sends them: one after the other, without waiting.
    void this.tell(id, CLUSTER_TYPE, []);
    await this.tell(id, LISTENER_TYPE, [
      { name: 'virtualInbound', address: { socket_address: { address: '0.0.0.0', port_value: 15006 } } },
    ]);
    return outside;
  }

  /** Gives the gateway a service `app`, one endpoint for each socket, used in turn, and one route to it. */
  async serve(
    sockets: Address[],
    routes: RouteJson[] = [defaultRoute],
    trafficPolicy?: TrafficPolicy,
  ): Promise<void> {
    this.count += 1;
    const network = `10.0.${this.count % 250}`;
    const one = service(sockets.length, 'app', network);
    const clusters = outboundClusters(one, trafficPolicy && policyOf(trafficPolicy));
    for (const cluster of clusters) delete cluster.lb_policy;
    const known = sockets.map((socket, i): [string, Address] => [`${network}.${i}:8080`, socket]);
    // A cluster counts as confirmed only when its endpoints have arrived, so nobody waits in between.
    const told = [
      this.tell('gateway', CLUSTER_TYPE, clusters),
      this.tell('gateway', ENDPOINT_TYPE, loadAssignments(one, undefined), [], known),
      this.tell('gateway', LISTENER_TYPE, [LISTENER]),
    ];
    await Promise.all([...told, this.route(routes)]);
  }

  async route(routes: RouteJson[]): Promise<Acknowledgement> {
    return this.tell('gateway', ROUTE_TYPE, [routeConfig(routes)]);
  }

  /** Sends a push; resolves with the proxy's answer to it. */
  async tell(
    proxyId: string,
    typeUrl: TypeUrl,
    changed: Resource[],
    removed: string[] = [],
    sockets: ResourcePush['sockets'] = [],
  ): Promise<Acknowledgement> {
    this.count += 1;
    const nonce = `n-${this.count}`;
    const answer = new Promise<Acknowledgement>((resolve) => this.waiting.push({ nonce, resolve }));
    this.plane.push({ proxyId, typeUrl, nonce, version: `v/${this.count}`, changed, removed, sockets });
    return answer;
  }

  /** The next lines of a proxy's access log, when there are as many. */
  async nextLines(proxyId: string, count: number): Promise<string[]> {
    await until(`${count} lines of ${proxyId}`, () => (this.logs.get(proxyId)?.length ?? 0) >= count, 20_000);
    return this.logs.get(proxyId)?.splice(0, count) ?? [];
  }

  async ask(pathAndQuery: string): Promise<Answer> {
    return get({ ...this.admin, path: pathAndQuery });
  }

  /** Counters and gauges of the cluster behind the route, by their names after the cluster's. */
  async counters(...names: string[]): Promise<Record<string, number>> {
    const { body } = await this.ask(
      `/stats?filter=${encodeURIComponent(`^cluster\\.outbound.*(${names.join('|')})$`)}`,
    );
    return Object.fromEntries(
      [...body.matchAll(/;\.(\S+): (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
    );
  }

  /** The resources of one kind as the gateway's admin port shows them. */
  async dump(resource: string): Promise<Record<string, unknown>[]> {
    const query = resource === 'dynamic_endpoint_configs' ? '&include_eds' : '';
    const { body } = await this.ask(`/config_dump?resource=${resource}${query}`);
    return (JSON.parse(body) as { configs?: Record<string, unknown>[] }).configs ?? [];
  }

  async close(): Promise<void> {
    await this.plane.close();
    await this.guard.close();
    rmSync(this.folder, { recursive: true, force: true });
    if (this.failures.length > 0) throw this.failures[0] as Error;
  }

  private async spec(id: string, name: string, admin: Address): Promise<ProxySpec> {
    this.count += 1;
    return {
      id,
      name,
      type: 'sidecar',
      podIp: `10.1.9.${this.count}`,
      admin,
      status: [await closedPort()],
      health: [await closedPort()],
      stats: [await closedPort()],
      inbound: [],
      statsPrefixes: ['cluster.outbound'],
      probers: {},
    };
  }
}

export function routeConfig(routes: RouteJson[]): RouteConfigJson {
  return {
    name: 'http.8080',
    virtual_hosts: [
      { name: 'app.example:80', domains: ['app.example'], routes, include_request_attempt_count: true },
    ],
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

export const APP_CLUSTER = 'outbound|8080||app.default.svc.cluster.local';

const defaultRoute: RouteJson = {
  match: { prefix: '/' },
  route: { cluster: APP_CLUSTER, timeout: '0s' },
  name: 'r-app',
};
