import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { keepDefinitions } from '../../../../apiserver/registry/custom/keep-definitions.ts';
import { startGuard } from '../../../../kubelet/guard.ts';
import { installGatewayApi, startMesh, type Mesh } from '../../../../mesh/index.ts';
import type { OpenPodNetwork } from '../../../../network-types.ts';
import { createPodNetwork } from '../../../../network/pod-network.ts';
import { createStore, type MemoryStore } from '../../../../storage/store.ts';
import type { KubeObject, NewObject } from '../../../../storage/types.ts';
import { startApp, type TestServer } from '../../support/apps.ts';
import { FAST, until } from '../../support/test-mesh.ts';
import {
  APP,
  filter,
  gateway,
  INFRA,
  listener,
  pairs,
  route,
  rule,
  V1,
  V2,
  V3,
  WEB,
  type Ask,
  type Said,
} from './words.ts';

const API = 'gateway.networking.k8s.io/v1';
const PLURALS: Record<string, string> = {
  Gateway: 'gateways',
  HTTPRoute: 'httproutes',
  ReferenceGrant: 'referencegrants',
};

/** Whether the definitions are served and istiod has made its class. */
export function hasClass(store: MemoryStore, name = 'istio'): boolean {
  const key = `${API}/gatewayclasses`;
  if (store.registry.find(key) === undefined) return false;
  return JSON.stringify(store.get(key, undefined, name)?.status ?? '').includes('"reason":"Accepted"');
}

const BACKENDS: [string, string][] = [
  [INFRA, V1],
  [INFRA, V2],
  [INFRA, V3],
  [WEB, 'web-backend'],
  [APP, 'app-backend-v1'],
  [APP, 'app-backend-v2'],
];

/** What came back for a request, and what the backend that answered was sent. */
export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  backend?: string;
  sent?: { url: string; headers: Record<string, string | undefined> };
}

interface RouteStatus {
  parents?: { conditions: { type: string; status: string; reason: string; observedGeneration: number }[] }[];
}

/** The gateway and backends that Gateway API's conformance tests expect, in a mesh of the playground. */
export class ConformanceBench {
  readonly store: MemoryStore = createStore();
  /** Requests that reached each backend, copies included, by the mark of their case. */
  readonly reached: { backend: string; path: string; host: string }[] = [];
  #round = 0;
  #mesh: Mesh | undefined;
  readonly #closers: (() => unknown)[] = [];

  /** @param envoyBinary a real Envoy for the gateway; without one, the built-in proxy */
  static async start(envoyBinary: string | undefined): Promise<ConformanceBench> {
    const bench = new ConformanceBench();
    const { store } = bench;
    const stateDir = mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
    bench.#closers.push(() => rmSync(stateDir, { recursive: true, force: true }));
    const network = await createPodNetwork();
    bench.#closers.push(() => network.close());
    const guard = startGuard({ stateDir });
    bench.#closers.push(() => guard.close());
    bench.#closers.push(keepDefinitions(store));
    installGatewayApi(store);
    for (const [name, label] of [
      [INFRA, 'infra'],
      [WEB, 'backend'],
      [APP, 'backend'],
    ] as const)
      store.create('v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'gateway-conformance': label } },
      });
    bench.#mesh = await startMesh({
      ...{ store, network, stateDir, delays: FAST },
      ...(envoyBinary === undefined ? {} : { envoyBinary, guard }),
    });
    bench.#closers.push(() => bench.#mesh?.close());
    for (const [namespace, name] of BACKENDS) await bench.#addBackend(network, namespace, name);
    await until('istiod has made its class', () => hasClass(store));
    bench.create(gateway('rounds', [listener('http', { hostname: '*.round.example' })]));
    return bench;
  }

  create(object: object): void {
    const { kind } = object as KubeObject;
    this.store.create(`${API}/${PLURALS[kind] ?? ''}`, object as NewObject);
  }

  /**
   * Brings a case's objects, and waits until the gateway has them: until the route that was made last
   * answers there.
   */
  async apply(objects: object[]): Promise<void> {
    objects.forEach((one) => this.create(one));
    await this.settled();
  }

  async settled(): Promise<void> {
    this.#round += 1;
    const host = 'any.round.example';
    const round = String(this.#round);
    if (this.store.get(`${API}/httproutes`, INFRA, 'round') !== undefined)
      this.store.delete(`${API}/httproutes`, INFRA, 'round');
    // A case may have a route for every host: only the header tells that this one answers.
    const marked = filter('ResponseHeaderModifier', { set: pairs({ 'x-round': round }) });
    const rules = [rule([], V1, { filters: [marked] })];
    this.create(route('round', rules, { hostnames: [host], parent: { name: 'rounds' } }));
    await until('the gateway has the configuration', () =>
      // Without any Gateway the port is shut.
      this.ask({ host }).then(
        ({ headers }) => headers['x-round'] === round,
        () => false,
      ),
    );
    this.reached.length = 0;
  }

  /** Until no more copies come: as many have come as 100 ms before. */
  async settledCopies(): Promise<void> {
    let seen = -1;
    let since = 0;
    await until('the copies have come', () => {
      if (this.reached.length !== seen) [seen, since] = [this.reached.length, performance.now()];
      return performance.now() - since > 100;
    });
  }

  /** Removes what cases have brought. */
  clear(): void {
    for (const plural of ['httproutes', 'gateways', 'referencegrants'])
      for (const { metadata } of this.store.list(`${API}/${plural}`))
        if (metadata.name !== 'rounds')
          this.store.delete(`${API}/${plural}`, metadata.namespace, metadata.name);
  }

  /** The conditions of a route's parents, of those that are asked for: `Accepted=False NoMatchingParent`. */
  conditions({ route: name, namespace = INFRA, conditions }: Said): string[] {
    const found = this.store.get<KubeObject<unknown, RouteStatus>>(`${API}/httproutes`, namespace, name);
    const types = conditions.map((one) => one.split('=')[0]);
    return (found?.status?.parents ?? []).flatMap((parent) =>
      parent.conditions
        .filter(
          ({ type, observedGeneration }) =>
            types.includes(type) && observedGeneration === found?.metadata.generation,
        )
        .map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    );
  }

  ask({
    path: target = '/',
    host = 'example.test',
    method = 'GET',
    headers,
    answered,
  }: Ask): Promise<Answered> {
    const mesh = this.#mesh;
    if (mesh === undefined) throw new Error('not started');
    const more = answered === undefined ? {} : { 'x-echo-set-header': JSON.stringify(answered) };
    const options = {
      ...{ host: mesh.gateway.host, port: mesh.gateway.port, path: target, method, agent: false as const },
      headers: { ...headers, ...more, host },
    };
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (data: string) => (body += data));
        response.on('end', () => {
          const backend = response.headers['x-backend'] as string | undefined;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            ...(backend === undefined ? {} : { backend }),
            ...(body.startsWith('{') ? { sent: JSON.parse(body) as NonNullable<Answered['sent']> } : {}),
          });
        });
        response.on('error', reject);
      });
      request.on('error', reject).end();
    });
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.reverse()) await closer();
  }

  async #addBackend(network: OpenPodNetwork, namespace: string, name: string): Promise<void> {
    const ip = await network.allocate(name, [8080]);
    const app: TestServer = await startApp(
      (request, response) => {
        this.#answer(name, request, response);
      },
      network.inside(ip, 8080),
    );
    this.#closers.push(() => app.close());
    this.store.create('v1/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
    });
    this.store.create('discovery.k8s.io/v1/endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: [ip], conditions: { ready: true, serving: true, terminating: false } }],
    });
  }

  #answer(name: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    const { url = '/', headers } = request;
    this.reached.push({ backend: name, path: url, host: headers.host ?? '' });
    const wanted = headers['x-echo-set-header'];
    if (typeof wanted === 'string')
      for (const [field, value] of Object.entries(JSON.parse(wanted) as Record<string, string>))
        response.setHeader(field, value);
    response.setHeader('x-backend', name);
    const delayMs = Number(/delayMs=(\d+)/.exec(url)?.[1] ?? 0);
    setTimeout(() => response.end(JSON.stringify({ url, headers })), delayMs);
  }
}
