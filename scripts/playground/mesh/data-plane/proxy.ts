import net from 'node:net';
import type { SocketAddress } from '../../network-types.ts';
import { accessLogLine } from './access-record.ts';
import { answer, createAdminServer } from './admin/server.ts';
import { ClusterAddresses } from './cluster-addresses.ts';
import { Cluster } from './cluster.ts';
import { DownstreamConnection } from './downstream-connection.ts';
import type { Decision, FilterChain } from './filter-chain.ts';
import { Host } from './host.ts';
import type { RequestHead } from './http1/head.ts';
import type { ProxySpec, ResourcePush } from './messages.ts';
import { outboundRequest } from './outbound-request.ts';
import { createHealthServer, createStatsServer, createStatusServer, type AgentState } from './pilot-agent.ts';
import { divided, withPrefix } from './path-rewrite.ts';
import { ProxyConfig } from './proxy-config.ts';
import type { CompiledRoute, RouteTable } from './route-table.ts';
import { SocketServers } from './socket-servers.ts';
import { RequestTelemetry } from './telemetry.ts';

/**
 * The called pod's own sidecar tries once more when the app was not
 * reached (Istio's default inbound retry policy).
 */
const INBOUND_ROUTE: Omit<CompiledRoute, 'cluster'> = {
  json: { match: { prefix: '/' }, name: 'default', route: { timeout: '0s' } },
  timeoutMs: 0,
  retry: {
    conditions: new Set(['reset-before-request']),
    attempts: 1,
    avoidPreviousHosts: false,
    hostAttempts: 1,
    statusCodes: new Set(),
    perTryTimeoutMs: undefined,
  },
};

const PASSED_ON: CompiledRoute = {
  json: { match: { prefix: '/' } },
  timeoutMs: 0,
  retry: undefined,
  cluster: () => 'PassthroughCluster',
};

const NO_ROUTE: Decision = { kind: 'reply', status: 404, flag: 'NR', details: 'route_not_found' };

/** One Envoy with its pilot-agent: what it was told, the sockets it has open, and the answers it gives. */
export class Proxy {
  readonly spec: ProxySpec;
  readonly config: ProxyConfig;
  readonly startedAt = Date.now();
  readonly telemetry = new RequestTelemetry();
  /** Clusters towards the pod's own app, by port. */
  readonly inboundClusters = new Map<number, Cluster>();
  /** Access log lines that nobody has taken yet. */
  readonly log: string[] = [];
  draining = false;
  connections = 0;
  #inboundOpen = false;
  #ready = false;
  readonly #servers = new SocketServers();
  readonly #takeOvers: (() => Promise<SocketAddress>)[] = [];
  readonly #passthrough = new Map<string, Cluster>();
  readonly #services: ClusterAddresses;

  constructor(spec: ProxySpec, socketOf: (address: string, port: number) => SocketAddress) {
    this.spec = spec;
    this.config = new ProxyConfig(socketOf);
    this.#services = new ClusterAddresses(spec.servicesFile, spec.name.slice(spec.name.lastIndexOf('.') + 1));
    for (const { port, inside } of spec.inbound) {
      const name = `inbound|${port}||`;
      const cluster = new Cluster({
        name,
        type: 'ORIGINAL_DST',
        connect_timeout: '10s',
        lb_policy: 'CLUSTER_PROVIDED',
      });
      this.inboundClusters.set(port, cluster.use([new Host(spec.podIp, port, inside, 10_000)]));
    }
  }

  /**
   * Everything that answers whether or not a configuration has
   * arrived. Resolves with the gateway's public address.
   */
  async start(): Promise<SocketAddress | undefined> {
    const agent: AgentState = {
      metrics: (query = '') =>
        Promise.resolve(answer(this, 'GET', new URL(`/stats/prometheus?${query}`, 'http://admin')).body),
      ready: () => this.#ready && !this.draining,
      drain: () => this.drain(),
      quit: () => this.kill(),
    };
    await this.#servers.serve(this.spec.admin, createAdminServer(this));
    for (const address of this.spec.status)
      await this.#servers.serve(address, createStatusServer(this.spec.probers, agent));
    for (const address of this.spec.stats) await this.#servers.serve(address, createStatsServer(agent));
    for (const address of this.spec.health) await this.#servers.serve(address, createHealthServer(agent));
    if (this.spec.outbound !== undefined) await this.#listen(this.spec.outbound, this.#outboundChain());
    let publicAddress: SocketAddress | undefined;
    for (const { port, sockets } of this.spec.gateway ?? []) {
      for (const socket of sockets) {
        if (this.#servers.isHeldByAnother(socket)) {
          // The gateway before this one serves there until this one can.
          publicAddress = socket;
          this.#takeOvers.push(async () => this.#listenGateway(socket, port));
        } else publicAddress = await this.#listenGateway(socket, port);
      }
    }
    return publicAddress;
  }

  /** Takes over a push and opens what it calls for. The error is a rejection (NACK). */
  async apply(push: ResourcePush): Promise<string | undefined> {
    const error = this.config.apply(push);
    if (!this.#inboundOpen && this.config.listeners.has('virtualInbound')) {
      this.#inboundOpen = true;
      for (const { port, outside } of this.spec.inbound)
        await this.#listen(outside, this.#inboundChain(port));
    }
    // Envoy asks for listeners only when the first clusters have warmed: until then it serves nobody.
    if (this.config.listeners.size > 0 && this.config.warming === 0) {
      this.#ready = true;
      for (const takeOver of this.#takeOvers.splice(0)) await takeOver();
    }
    return error;
  }

  get state(): 'LIVE' | 'DRAINING' | 'INITIALIZING' {
    if (this.draining) return 'DRAINING';
    return this.#ready ? 'LIVE' : 'INITIALIZING';
  }

  /** Answers to the pod's callers now end their connections; new ones are still taken. */
  drain(): void {
    this.draining = true;
  }

  /** The process is gone: no listener, no connection. */
  kill(): void {
    this.#servers.kill();
    for (const cluster of this.config.clusters.values()) cluster.kill();
    for (const cluster of this.inboundClusters.values()) cluster.kill();
    for (const cluster of this.#passthrough.values()) cluster.kill();
  }

  async #listen(address: SocketAddress, chain: FilterChain): Promise<SocketAddress> {
    return this.#servers.listen(address, (socket) => this.#accept(socket, chain));
  }

  #accept(socket: net.Socket, chain: FilterChain): void {
    this.connections += 1;
    socket.on('close', () => (this.connections -= 1));
    new DownstreamConnection(socket, chain);
  }

  async #listenGateway(address: SocketAddress, port: number): Promise<SocketAddress> {
    const chain = this.#chain('gateway', 'istio-envoy', (request) => {
      const routes = this.config.listeners.get(`0.0.0.0_${port}`)?.json.route_config_name ?? '';
      return this.#route(request, this.config.routes.get(routes));
    });
    return this.#servers.listenShared(address, (socket) => {
      // Not begun yet, or no Gateway asks for this port: nobody listens here.
      if (this.#ready && this.config.listeners.has(`0.0.0.0_${port}`)) this.#accept(socket, chain);
      else socket.resetAndDestroy();
    });
  }

  #inboundChain(port: number): FilterChain {
    const cluster = this.inboundClusters.get(port);
    const name = cluster?.name ?? '';
    const route: CompiledRoute = { ...INBOUND_ROUTE, cluster: () => name };
    const decision: Decision =
      cluster === undefined
        ? { kind: 'reply', status: 404, flag: 'NR', details: 'route_not_found' }
        : { kind: 'forward', cluster, route };
    return this.#chain('inbound', 'istio-envoy', () => decision);
  }

  #outboundChain(): FilterChain {
    return this.#chain('outbound', 'envoy', (request) => {
      const { port, host } = outboundRequest(request);
      const table = this.config.routes.get(String(port)) ?? this.#sniffed(port, request);
      if (table !== undefined) return this.#route(request, table);
      // No listener has this port: the connection goes where it wanted to, or nowhere.
      const chain = this.config.listeners.get('virtualOutbound')?.json.default_filter_chain;
      const cluster = chain?.filters[0]?.typed_config.cluster ?? 'PassthroughCluster';
      if (cluster !== 'PassthroughCluster')
        return { kind: 'close', cluster: this.config.activeCluster(cluster), flag: 'UH' };
      const passed = this.#passThrough(host, port, PASSED_ON);
      return passed.kind === 'forward' ? passed : NO_ROUTE;
    });
  }

  #sniffed(port: number, request: RequestHead): RouteTable | undefined {
    for (const [name, table] of this.config.routes) {
      const found = name.endsWith(`:${port}`) ? table.find(request)?.json.name : undefined;
      if (found !== undefined && found !== 'allow_any' && found !== 'block_all') return table;
    }
    return undefined;
  }

  #chain(
    direction: FilterChain['direction'],
    serverName: string,
    decide: FilterChain['decide'],
  ): FilterChain {
    const isDraining = () => this.draining && direction !== 'outbound';
    return {
      direction,
      serverName,
      decide,
      cluster: (name) => this.config.activeCluster(name),
      finished: (record) => {
        this.log.push(accessLogLine(record));
        if (record.cluster !== undefined)
          this.telemetry.count(record.cluster, record.status, record.durationMs);
      },
      get draining() {
        return isDraining();
      },
    };
  }

  #route(request: RequestHead, table: RouteTable | undefined): Decision {
    const route = table?.find(request);
    if (route === undefined) return NO_ROUTE;
    const routeName = route.json.name;
    const named = routeName === undefined ? {} : { routeName };
    const { redirect, direct_response: direct } = route.json;
    if (redirect !== undefined) return { ...redirected(request, route.json.match, redirect), ...named };
    if (direct !== undefined) {
      const body = direct.body?.inline_string;
      return {
        kind: 'reply',
        status: direct.status,
        details: 'direct_response',
        ...named,
        ...(body === undefined ? {} : { body }),
      };
    }
    const name = route.cluster();
    if (name === 'PassthroughCluster') {
      const { host, port } = outboundRequest(request);
      return this.#passThrough(host, port, route);
    }
    const cluster = this.config.activeCluster(name);
    // Unknown or still warming: NC.
    return cluster === undefined
      ? {
          kind: 'reply',
          status: unknownClusterStatus(route),
          flag: 'NC',
          details: 'cluster_not_found',
          ...named,
        }
      : { kind: 'forward', cluster, route: route.perCluster?.get(name) ?? route };
  }

  /** To a Service past every rule of the mesh, as kube-proxy leads there; to another address as it stands. */
  #passThrough(host: string, port: number, route: CompiledRoute): Decision {
    const service = this.#services.find(host, port);
    if (service !== undefined) {
      const cluster = this.#original(service.ip, port, service.socket);
      return { kind: 'forward', cluster, route };
    }
    if (net.isIP(host) === 0)
      return {
        kind: 'reply',
        status: 503,
        flag: 'UH',
        details: 'no_healthy_upstream',
        body: 'no healthy upstream',
      };
    return {
      kind: 'forward',
      cluster: this.#original(host, port, this.config.socketOf(host, port)),
      route,
    };
  }

  #original(host: string, port: number, socket: SocketAddress): Cluster {
    const key = `${host}:${port} ${socket.host}:${socket.port}`;
    const known = this.#passthrough.get(key);
    if (known !== undefined) return known;
    const cluster = new Cluster({
      name: 'PassthroughCluster',
      type: 'ORIGINAL_DST',
      connect_timeout: '10s',
      lb_policy: 'CLUSTER_PROVIDED',
    });
    cluster.use([new Host(host, port, socket, 10_000)]);
    this.#passthrough.set(key, cluster);
    return cluster;
  }
}

const REDIRECT_STATUS = { FOUND: 302, SEE_OTHER: 303, TEMPORARY_REDIRECT: 307, PERMANENT_REDIRECT: 308 };

const unknownClusterStatus = ({ json }: CompiledRoute): number =>
  json.route?.cluster_not_found_response_code === 'INTERNAL_SERVER_ERROR' ? 500 : 503;

function redirected(
  request: RequestHead,
  match: CompiledRoute['json']['match'],
  redirect: NonNullable<CompiledRoute['json']['redirect']>,
): Decision {
  const { host } = outboundRequest(request);
  const port = redirect.port_redirect === undefined ? '' : `:${redirect.port_redirect}`;
  const [before, asked] = divided(request.target);
  const prefixed = redirect.prefix_rewrite;
  const path =
    redirect.path_redirect ?? (prefixed === undefined ? before : withPrefix(before, match, prefixed));
  // A new path keeps the query, unless it brings one.
  const query = path.includes('?') ? '' : asked;
  const location = `${redirect.scheme_redirect ?? 'http'}://${redirect.host_redirect ?? host}${port}${path}${query}`;
  const status = redirect.response_code === undefined ? 301 : REDIRECT_STATUS[redirect.response_code];
  return { kind: 'reply', status, headers: ['location', location], details: 'direct_response' };
}
