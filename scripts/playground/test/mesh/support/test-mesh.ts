import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { startMesh, type Mesh, type MeshDelays, type MeshOptions } from '../../../mesh/index.ts';
import { createPodNetwork } from '../../../network/pod-network.ts';
import type { OpenPodNetwork } from '../../../network-types.ts';
import { createStore, type MemoryStore } from '../../../storage/store.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { startApp } from './apps.ts';

const NONE = { minMs: 0, medianMs: 0, p95Ms: 0, maxMs: 0 };
/** As fast as it goes, so that tests wait for conditions and not for delays. */
export const FAST: MeshDelays = {
  debounceMs: 5,
  debounceMaxMs: 100,
  push: NONE,
  spread: NONE,
  warming: NONE,
  status: NONE,
};

const ISTIO = 'networking.istio.io/v1';

export interface TestPod {
  name: string;
  uid: string;
  ip: string;
  version: string;
  served: () => number;
  /** Ends the app, as a naive one ends: at once. */
  stopApp: () => Promise<void>;
}

/** A mesh on a real store and a real pod network, with apps that run in the test. */
export class TestMesh {
  readonly store: MemoryStore = createStore();
  readonly namespace = 'shop';
  private readonly pods: TestPod[] = [];
  private readonly stateDir = mkdtempSync(path.join(os.tmpdir(), 'mesh-test-'));
  private network: OpenPodNetwork | undefined;
  private running: Mesh | undefined;

  static async start(
    options: Partial<MeshOptions> = {},
    mode: 'auto' | 'port-per-pod' = 'auto',
  ): Promise<TestMesh> {
    const test = new TestMesh();
    test.network = await createPodNetwork({ mode });
    const { store, stateDir, network } = test;
    test.running = await startMesh({ store, network, stateDir, delays: FAST, ...options });
    store.create('v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: test.namespace, labels: { 'istio-injection': 'enabled' } },
    });
    store.create('v1/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cafe', namespace: test.namespace },
      spec: { selector: { app: 'cafe' }, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
    });
    store.create('discovery.k8s.io/v1/endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'cafe-1',
        namespace: test.namespace,
        labels: { 'kubernetes.io/service-name': 'cafe' },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [],
    });
    test.create('gateways', 'Gateway', {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['cafe.example'] }],
    });
    return test;
  }

  get mesh(): Mesh {
    if (this.running === undefined) throw new Error('not started');
    return this.running;
  }

  get net(): OpenPodNetwork {
    if (this.network === undefined) throw new Error('not started');
    return this.network;
  }

  get gatewayIp(): string {
    return this.mesh.proxies().find((proxy) => proxy.type === 'router')?.ip ?? '';
  }

  private create(plural: string, kind: string, spec: object): void {
    this.store.create(`${ISTIO}/${plural}`, {
      apiVersion: ISTIO,
      kind,
      metadata: { name: 'cafe', namespace: this.namespace },
      spec,
    });
  }

  /** Says which subsets exist. */
  subsets(...names: string[]): void {
    const spec = { host: 'cafe', subsets: names.map((name) => ({ name, labels: { version: name } })) };
    this.put('destinationrules', 'DestinationRule', spec);
  }

  /** Says which subset serves, under a marker. */
  route(subset: string, marker: string): void {
    const http = [
      { name: marker, route: [{ destination: { host: 'cafe', subset, port: { number: 8080 } } }] },
    ];
    this.put('virtualservices', 'VirtualService', {
      hosts: ['cafe.example', 'cafe'],
      gateways: ['cafe', 'mesh'],
      http,
    });
  }

  private put(plural: string, kind: string, spec: object): void {
    const resource = `${ISTIO}/${plural}`;
    if (this.store.get(resource, this.namespace, 'cafe') === undefined) this.create(plural, kind, spec);
    else this.store.mutate(resource, this.namespace, 'cafe', (draft) => void (draft.spec = spec));
  }

  /** A pod with an app and a sidecar that serves, listed as a ready endpoint. */
  async addPod(version: string, annotations: Record<string, string> = {}): Promise<TestPod> {
    const name = `cafe-${version}-${this.pods.length}`;
    const object: KubeObject = this.store.create('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: this.namespace, labels: { app: 'cafe', version }, annotations },
      spec: {
        containers: [
          {
            name: 'cafe',
            image: 'cafe',
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
          },
        ],
      },
    });
    const { uid } = object.metadata;
    const ip = await this.net.allocate(uid, [8080, 15000, 15020, 15021, 15090]);
    this.net.intercept(ip, true);
    let count = 0;
    const inside = this.net.inside(ip, 8080);
    const server = await startApp((request, response) => {
      if (request.url !== '/ready') count += 1;
      request
        .resume()
        .on('end', () => response.setHeader('x-version', version).end(request.headers['user-agent'] ?? ''));
    }, inside);
    await this.mesh.start({ namespace: this.namespace, name, uid, ip, ports: [8080] });
    const pod = { name, uid, ip, version, served: () => count, stopApp: server.close };
    this.pods.push(pod);
    this.endpoint(pod, { ready: true, serving: true, terminating: false });
    return pod;
  }

  /** Sets or, without conditions, removes a pod's endpoint. */
  endpoint(pod: TestPod, conditions: object | undefined): void {
    this.store.mutate<KubeObject & { endpoints?: { addresses: string[] }[] }>(
      'discovery.k8s.io/v1/endpointslices',
      this.namespace,
      'cafe-1',
      (draft) => {
        const others = (draft.endpoints ?? []).filter((endpoint) => endpoint.addresses[0] !== pod.ip);
        const own = {
          addresses: [pod.ip],
          conditions,
          targetRef: { kind: 'Pod', name: pod.name, namespace: this.namespace },
        };
        draft.endpoints = conditions === undefined ? others : [...others, own];
      },
    );
  }

  /** One request through the gateway. */
  async call(): Promise<{ status: number; version: string | undefined; body: string }> {
    const { host, port } = this.mesh.gateway;
    const answer = await get({ host, port, path: '/', method: 'POST', headers: { host: 'cafe.example' } });
    return {
      status: answer.status,
      version: answer.headers['x-version'] as string | undefined,
      body: answer.body,
    };
  }

  /** Asks a proxy's admin port, as through a port-forward. */
  async admin(ip: string, pathAndQuery: string): Promise<Answer> {
    return get({ ...this.inside(ip, 15000), path: pathAndQuery });
  }

  /** Asks istiod's debug port. */
  async istiod<T>(page: string): Promise<T> {
    const pod = this.store.get<KubeObject<unknown, { podIP: string }>>(
      'v1/pods',
      'istio-system',
      this.mesh.istiod.podName,
    );
    const answer = await get({ ...this.inside(pod?.status?.podIP ?? '', 15014), path: `/debug/${page}` });
    return JSON.parse(answer.body) as T;
  }

  inside(ip: string, port: number): { host: string; port: number } {
    const address = this.net.inside(ip, port);
    if (address === undefined) throw new Error(`no socket for ${ip}:${port}`);
    return address;
  }

  /** The marker of the route a proxy has loaded. */
  async marker(ip: string): Promise<string | undefined> {
    const { body } = await this.admin(
      ip,
      '/config_dump?resource=dynamic_route_configs&name_regex=8080%7Chttp%5C.8080',
    );
    return /"name": "(m-[^"]*)"/.exec(body)?.[1];
  }

  async close(): Promise<void> {
    await this.running?.close();
    for (const pod of this.pods) await pod.stopApp();
    this.network?.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export async function get(options: http.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (data: string) => (body += data));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Waits until a condition holds; fails with what it was waiting for. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 5000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
