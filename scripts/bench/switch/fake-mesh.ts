/**
 * As much of an API server and of a mesh as a switch meets, in memory: objects, port-forwards over real
 * WebSockets, and behind them istiod's and Envoy's admin answers. Pods are ready at once; each proxy shows a
 * change after a time of its own. What it leaves out: TLS, pods, traffic.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { ROUTES_OF, otherServices, spliced } from './other-services.ts';
import { answerFrames, serveForward } from './serve-forward.ts';

interface Thing {
  kind: string;
  apiVersion: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    generation: number;
    labels?: Record<string, string>;
  };
  spec: Record<string, unknown>;
  status?: unknown;
}

type Draft = Omit<Partial<Thing>, 'metadata'> & {
  metadata: Partial<Thing['metadata']> & { name: string };
};

export interface FakeMeshOptions {
  proxies: number;
  /**
   * How long after a write the slowest proxy shows it, in milliseconds. The others are spread evenly below.
   */
  propagationMs: number;
  /**
   * How long a request lasts that the slowest proxy sends to the old version just before it shows the new
   * route, in milliseconds. Default: there is none.
   */
  inFlightMs?: number;
  /**
   * How long a proxy's whole dumps of routes and clusters are, in bytes: as in a mesh with many other
   * services. The pods of the service have sidecars then, too. Default: nothing else is in the mesh.
   */
  dumpBytes?: number;
}

export interface FakeMesh {
  kubeconfig: string;
  close(): void;
}

interface Subset {
  name: string;
  labels: Record<string, string>;
}
interface Route {
  name?: string;
  route: { destination: { host: string; subset: string } }[];
}

const HOST = 'coffee-shop.default.svc.cluster.local';
/** What proxies learn late. */
const ISTIO = ['destinationrules', 'virtualservices'];

export async function startFakeMesh({
  proxies,
  propagationMs,
  inFlightMs = 0,
  dumpBytes = 0,
}: FakeMeshOptions): Promise<FakeMesh> {
  const objects = new Map<string, Thing>();
  /** Every revision of the DestinationRule and the VirtualService, with the time of its write. */
  const history: { at: number; plural: string; spec: Record<string, unknown> }[] = [];
  let revision = 1;
  const others = dumpBytes === 0 ? undefined : otherServices(dumpBytes);
  /**
   * What has been answered already, so that thousands of proxies cost
   * one answer: of pods by what they have seen, of lists as JSON.
   */
  const frames = new Map<string, Buffer>();
  const lists = new Map<string, string>();

  /** What was answered before this object changed is no longer true. */
  function changed(plural: string): void {
    for (const path of lists.keys()) if (path.includes(`/${plural}`)) lists.delete(path);
    if (plural === 'pods' || ISTIO.includes(plural)) frames.clear();
  }

  function put(plural: string, draft: Draft): Thing {
    const key = `${plural}/${draft.metadata.name}`;
    const before = objects.get(key);
    revision += 1;
    const thing = {
      ...before,
      ...draft,
      metadata: {
        ...draft.metadata,
        namespace: draft.metadata.namespace ?? 'default',
        uid: before?.metadata.uid ?? `uid-${revision}`,
        resourceVersion: String(revision),
        generation: (before?.metadata.generation ?? 0) + 1,
      },
    } as unknown as Thing;
    objects.set(key, thing);
    changed(plural);
    if (ISTIO.includes(plural)) history.push({ at: performance.now(), plural, spec: thing.spec });
    if (plural === 'deployments') deploy(thing);
    return thing;
  }

  function deploy(deployment: Thing): void {
    const { replicas = 1, template } = deployment.spec as {
      replicas?: number;
      template: { metadata: { labels: Record<string, string> } };
    };
    deployment.status = {
      observedGeneration: deployment.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    };
    const version = template.metadata.labels['version'] ?? '';
    for (let n = 0; n < replicas; n += 1)
      putPod(`${deployment.metadata.name}-${n}`, 'default', {
        ip: `10.1.${version.slice(1)}.${n + 1}`,
        labels: template.metadata.labels,
        containers: ['coffee-shop', ...(others ? ['istio-proxy'] : [])],
      });
  }

  function putPod(
    name: string,
    namespace: string,
    { ip, labels, containers }: { ip: string; labels: Record<string, string>; containers: string[] },
  ): void {
    const state = { running: { startedAt: '2026-11-23T12:00:00Z' } };
    put('pods', {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name, namespace, labels },
      spec: { containers: containers.map((container) => ({ name: container })) },
      status: {
        phase: 'Running',
        podIP: ip,
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: containers.map((container) => ({
          ...{ name: container, ready: true, restartCount: 0, containerID: name, state },
        })),
      },
    });
  }

  putPod('istiod-0', 'istio-system', {
    ip: '10.0.0.1',
    labels: { app: 'istiod' },
    containers: ['discovery'],
  });
  for (let n = 0; n < proxies; n += 1)
    putPod(`caller-${n}`, 'callers', {
      ip: '10.2.0.1',
      labels: { app: 'caller' },
      containers: ['istio-proxy'],
    });
  put('services', {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'coffee-shop' },
    spec: { selector: { app: 'coffee-shop' }, ports: [{ name: 'http', port: 8080, targetPort: 'http' }] },
  });
  put('destinationrules', {
    kind: 'DestinationRule',
    apiVersion: 'networking.istio.io/v1',
    metadata: { name: 'coffee-shop' },
    spec: { host: 'coffee-shop', subsets: [{ name: 'v1', labels: { version: 'v1' } }] },
  });
  put('virtualservices', {
    kind: 'VirtualService',
    apiVersion: 'networking.istio.io/v1',
    metadata: { name: 'coffee-shop' },
    spec: {
      hosts: ['coffee-shop'],
      http: [{ name: 'first', route: [{ destination: { host: 'coffee-shop', subset: 'v1' } }] }],
    },
  });
  const labels = { app: 'coffee-shop', version: 'v1' };
  put('deployments', {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name: 'coffee-shop-v1', labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'coffee-shop', image: 'coffee-shop:1' }] },
      },
    },
  });
  for (const entry of history) entry.at = -Infinity;

  const readyIps = (version: string) =>
    [...objects.values()]
      .filter(({ kind, metadata }) => kind === 'Pod' && metadata.labels?.['version'] === version)
      .map(({ status }) => (status as { podIP: string }).podIP);

  /** The configuration a proxy shows now. */
  function seen(plural: string, proxy: number): unknown {
    return history[revisionSeen(plural, proxy)]?.spec;
  }

  function revisionSeen(plural: string, proxy: number): number {
    const lag = proxies < 2 ? propagationMs : (propagationMs * proxy) / (proxies - 1);
    const until = performance.now() - lag;
    return history.findLastIndex((entry) => entry.plural === plural && entry.at <= until);
  }

  /** What a proxy has counted on the old version's first pod. */
  function countedOnOld(proxy: number): unknown[] {
    const shift = history.find(({ at, plural }) => plural === 'virtualservices' && at > -Infinity);
    if (inFlightMs === 0 || proxy !== proxies - 1 || shift === undefined) return [];
    const begunMs = performance.now() - shift.at - propagationMs;
    if (begunMs < 0) return [];
    const stats = [
      { name: 'rq_active', value: begunMs < inFlightMs ? 1 : 0 },
      { name: 'rq_total', value: '1' },
    ];
    const address = { socket_address: { address: '10.1.1.1', port_value: 8080 } };
    return [{ name: `outbound|8080|v1|${HOST}`, host_statuses: [{ address, stats }] }];
  }

  function answerEnvoy(proxy: number, path: string): unknown {
    const url = new URL(path, 'http://envoy');
    if (url.pathname !== '/clusters' && url.pathname !== '/config_dump') return {};
    const { subsets } = seen('destinationrules', proxy) as { subsets: Subset[] };
    const names = ['', ...subsets.map(({ name }) => name)].map((name) => `outbound|8080|${name}|${HOST}`);
    const pattern = new RegExp(`^(?:${url.searchParams.get('name_regex') ?? '.*'})$`);
    const asked = names.filter((name) => pattern.test(name));
    switch (url.searchParams.get('resource')) {
      case 'dynamic_endpoint_configs':
        return {
          configs: asked.map((name) => ({
            endpoint_config: {
              cluster_name: name,
              endpoints: [
                {
                  lb_endpoints: readyIps(name.split('|')[2] ?? '').map((address) => ({
                    endpoint: { address: { socket_address: { address, port_value: 8080 } } },
                    health_status: 'HEALTHY',
                  })),
                },
              ],
            },
          })),
        };
      case 'dynamic_route_configs': {
        const routes = (seen('virtualservices', proxy) as { http: Route[] }).http.map(
          ({ name = '', route }) => ({
            name,
            metadata: { filter_metadata: { istio: { config: `${ROUTES_OF}/coffee-shop` } } },
            route: { cluster: `outbound|8080|${route[0]?.destination.subset ?? ''}|${HOST}` },
          }),
        );
        const own = { route_config: { name: '8080', virtual_hosts: [{ name: `${HOST}:8080`, routes }] } };
        const configs = pattern.test('8080') ? [own] : [];
        return url.searchParams.has('name_regex') || !others
          ? { configs }
          : spliced({ configs }, others.routes);
      }
      case 'dynamic_active_clusters':
        return { configs: asked.map((name) => ({ cluster: { name } })) };
      case 'dynamic_warming_clusters':
        return {};
      default: {
        const cluster_statuses = countedOnOld(proxy);
        return url.searchParams.has('filter') || !others
          ? { cluster_statuses }
          : spliced({ cluster_statuses }, others.clusters);
      }
    }
  }

  function framesOf(pod: string, path: string): Buffer {
    const proxy = pod.startsWith('caller-') ? Number(pod.slice(7)) : 0;
    const who = pod.startsWith('istiod-') ? pod : ISTIO.map((plural) => revisionSeen(plural, proxy)).join();
    const counts = path.startsWith('/clusters') ? JSON.stringify(countedOnOld(proxy)) : '';
    const key = [who, counts, path].join(' ');
    const frame = frames.get(key) ?? answerFrames(answerPod(pod, path));
    frames.set(key, frame);
    return frame;
  }

  function answerPod(pod: string, path: string): unknown {
    if (pod === 'istiod-0') {
      if (path.startsWith('/debug/syncz'))
        return Array.from({ length: proxies }, (_, n) => ({
          proxy: `caller-${n}.callers`,
          proxy_type: 'sidecar',
        }));
      return path.startsWith('/debug/configz')
        ? [...objects.values()].filter(({ kind }) => kind.endsWith('e'))
        : {};
    }
    if (pod.startsWith('coffee-shop-')) return answerEnvoy(0, path);
    return pod.startsWith('caller-') ? answerEnvoy(Number(pod.slice(7)), path) : {};
  }

  function answerApi(method: string, url: URL, body: unknown): { code: number; body: unknown } {
    const match = /^\/apis?(?:\/[^/]+)?\/v\d\w*(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(
      url.pathname,
    );
    const [, namespace, plural = '', name] = match ?? [];
    if (url.pathname === '/version') return { code: 200, body: { gitVersion: 'v1.36.0' } };
    const given = body as (Thing & { metadata: Thing['metadata'] }) | undefined;
    if (plural === 'selfsubjectaccessreviews')
      return { code: 201, body: { ...given, status: { allowed: true } } };
    if (method === 'GET' && name === undefined) {
      const wanted = (url.searchParams.get('labelSelector') ?? '').split(',').filter((text) => text !== '');
      const items = [...objects].filter(
        ([key, { metadata }]) =>
          key.startsWith(`${plural}/`) &&
          (namespace === undefined || metadata.namespace === namespace) &&
          wanted.every((text) => metadata.labels?.[text.split('=')[0] ?? ''] === text.split('=')[1]),
      );
      return {
        code: 200,
        body: { metadata: { resourceVersion: String(revision) }, items: items.map(([, one]) => one) },
      };
    }
    const found = objects.get(`${plural}/${name ?? given?.metadata.name ?? ''}`);
    if (method === 'POST' || method === 'PUT' || url.searchParams.has('force'))
      return given ? { code: 200, body: put(plural, given) } : { code: 400, body: {} };
    if (found === undefined)
      return { code: 404, body: { kind: 'Status', reason: 'NotFound', code: 404, message: 'not found' } };
    if (method === 'DELETE') {
      objects.delete(`${plural}/${found.metadata.name}`);
      for (const key of [...objects.keys()])
        if (key.startsWith(`pods/${found.metadata.name}-`)) objects.delete(key);
      for (const one of [plural, 'pods']) changed(one);
    }
    if (method === 'PATCH') {
      const { spec } = given ?? {};
      return { code: 200, body: put(plural, { ...found, spec: { ...found.spec, ...spec } }) };
    }
    return { code: 200, body: found };
  }

  const server = http.createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { method = 'GET', url: path = '/' } = request;
      const headers = { 'content-type': 'application/json' };
      const known = method === 'GET' ? lists.get(path) : undefined;
      if (known !== undefined) return response.writeHead(200, headers).end(known);
      const { code, body } = answerApi(
        method,
        new URL(path, 'http://api'),
        text === '' ? undefined : JSON.parse(text),
      );
      const json = JSON.stringify(body);
      if (method === 'GET' && isList(body)) lists.set(path, json);
      return response.writeHead(code, headers).end(json);
    });
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v4.channel.k8s.io' });
  server.on('upgrade', (request, socket, head) => {
    const pod = /\/pods\/([^/]+)\/portforward/.exec(request.url ?? '')?.[1] ?? '';
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      serveForward(webSocket, socket, (path) => framesOf(pod, path)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'fake',
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'default' } }],
      clusters: [{ name: 'fake', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'fake', user: {} }],
    }),
    close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

function isList(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'items' in body;
}
