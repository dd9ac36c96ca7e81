import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { guardEmitter } from '../../../shared/listener/index.ts';
import { objectsOf } from '../registry/defaults/pod.ts';
import { isObject, type JsonObject } from '../../storage/json.ts';
import { notFound, StatusError } from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { Answer } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import type { TypedTarget } from '../verbs/read.ts';
import type { ApiRequest } from '../request.ts';

/**
 * `pods/NAME[:PORT]/proxy/…` and `services/NAME[:PORT]/proxy/…`: the
 * request goes on to the pod, its answer comes back.
 * https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
 */

interface Wanted {
  name: string;
  port: string;
}

/** `http:web:8080`, `web:8080`, `web` */
function wantedOf(name: string): Wanted {
  const parts = name.split(':');
  if (parts.length === 3) return { name: parts[1] ?? '', port: parts[2] ?? '' };
  return { name: parts[0] ?? '', port: parts[1] ?? '' };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const unavailable = (message: string) => new StatusError(503, 'ServiceUnavailable', message);

/** The pod that answers, and its port. */
interface Backend {
  namespace: string;
  pod: string;
  port: number;
  address: string;
}

function podBackend(target: TypedTarget, { store }: ApiContext): Backend {
  const { key, type, namespace = '', name: asked = '' } = target;
  const { name, port } = wantedOf(asked);
  const pod = store.get(key, namespace, name);
  if (pod === undefined) throw notFound(type, name);
  const number = port === '' ? firstPort(pod) : Number(port);
  if (!Number.isInteger(number))
    throw unavailable(
      `the playground reaches a pod by the number of its port, not by ${JSON.stringify(port)}`,
    );
  const status = isObject(pod.status) ? pod.status : {};
  return { namespace, pod: name, port: number, address: text(status['podIP']) };
}

function firstPort(pod: KubeObject): number {
  const spec = isObject(pod.spec) ? pod.spec : {};
  const [first] = objectsOf(spec['containers']).flatMap((one) => objectsOf(one['ports']));
  return typeof first?.['containerPort'] === 'number' ? first['containerPort'] : 80;
}

function serviceBackend(target: TypedTarget, { store }: ApiContext): Backend {
  const { key, type, namespace = '', name: asked = '' } = target;
  const { name, port } = wantedOf(asked);
  const service = store.get(key, namespace, name);
  if (service === undefined) throw notFound(type, name);
  const spec = isObject(service.spec) ? service.spec : {};
  const ports = objectsOf(spec['ports']);
  const found = ports.find((one) => port === '' || one['name'] === port || String(one['port']) === port);
  if (found === undefined)
    throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const ready = store
    .list('discovery.k8s.io/v1/endpointslices', {
      namespace,
      labels: { 'kubernetes.io/service-name': name },
    })
    .flatMap((slice) => readyBackends(slice, found, namespace));
  const backend = ready[Math.floor(Math.random() * ready.length)];
  if (backend === undefined) throw unavailable(`no endpoints available for service ${JSON.stringify(asked)}`);
  return backend;
}

function readyBackends(slice: KubeObject, servicePort: JsonObject, namespace: string): Backend[] {
  const port = objectsOf(slice['ports']).find((one) => (one['name'] ?? '') === (servicePort['name'] ?? ''));
  if (typeof port?.['port'] !== 'number') return [];
  const number = port['port'];
  return objectsOf(slice['endpoints']).flatMap((endpoint) => {
    const conditions = isObject(endpoint['conditions']) ? endpoint['conditions'] : {};
    const reference = isObject(endpoint['targetRef']) ? endpoint['targetRef'] : {};
    const addresses = Array.isArray(endpoint['addresses']) ? endpoint['addresses'] : [];
    if (conditions['ready'] === false || typeof reference['name'] !== 'string') return [];
    return [{ namespace, pod: reference['name'], port: number, address: text(addresses[0]) }];
  });
}

/** Streams to `response` and returns undefined, or returns an answer when no pod can be asked. */
export async function serveProxy(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const path = pathBehind(request);
  if (path === '')
    return { code: 301, body: '', headers: { location: `${request.path}/`, 'content-type': 'text/plain' } };
  const backend = target.plural === 'pods' ? podBackend(target, context) : serviceBackend(target, context);
  const socket = await reach(backend, context);
  await pass(request, path, socket, response);
  return undefined;
}

/** The path after `/proxy`, with the query. */
function pathBehind({ raw, path }: ApiRequest): string {
  const whole = raw.url ?? '';
  // The namespace, the pod and the path behind may be called so, too.
  const at = /^(?:https?:\/\/[^/]*)?\/api\/v1\/namespaces\/[^/]+\/(?:pods|services)\/[^/]+\/proxy/i.exec(
    whole,
  )?.[0].length;
  return path.endsWith('/proxy') && at === whole.split('?', 1)[0]?.length ? '' : whole.slice(at);
}

async function reach(
  { namespace, pod, port, address }: Backend,
  { connectToPod }: ApiContext,
): Promise<Socket> {
  try {
    if (connectToPod === undefined) throw new Error('this server has no kubelet');
    return await connectToPod(namespace, pod, port);
  } catch {
    throw unavailable(
      `error trying to reach service: dial tcp ${address}:${port}: connect: connection refused`,
    );
  }
}

/** Headers of one hop, and the ones that are the API server's own business. */
const NOT_PASSED = new Set([
  'authorization',
  'connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

function passedHeaders({ raw, path }: ApiRequest): Record<string, string | string[]> {
  const kept = Object.entries(raw.headers).filter(
    ([name, value]) => value !== undefined && !NOT_PASSED.has(name),
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string | string[]>),
    'x-forwarded-for': raw.socket.remoteAddress ?? '127.0.0.1',
    'x-forwarded-uri': path,
  };
}

function pass(request: ApiRequest, path: string, socket: Socket, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      method: request.method,
      path,
      headers: passedHeaders(request),
      createConnection: () => socket,
    });
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    // A pod's answer that is none (a status of 99) is the pod's, and no end of the server.
    guardEmitter(outgoing, () => outgoing.destroy(new Error('malformed HTTP response')));
    outgoing.on('response', (answer: IncomingMessage) => {
      const headers = Object.entries(answer.headers).filter(([name]) => !NOT_PASSED.has(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
      answer.pipe(response);
      answer.on('end', end);
      answer.on('error', () => {
        response.destroy();
        end();
      });
    });
    outgoing.on('error', (error) => {
      socket.destroy();
      if (response.headersSent) resolve();
      else reject(unavailable(`error trying to reach service: ${error.message}`));
    });
    response.on('close', end);
    request.raw.pipe(outgoing);
  });
}
