import type { ServerResponse } from 'node:http';
import { isObject } from '../../storage/json.ts';
import { objectsOf } from '../registry/defaults/pod.ts';
import {
  badRequest,
  invalid,
  invalidValue,
  notFound,
  notImplemented,
  type FieldError,
} from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import { commonHeaders } from '../answer.ts';
import type { ApiContext, LogOptions } from '../context.ts';
import type { TypedTarget } from '../verbs/read.ts';
import { isTrue, type ApiRequest } from '../request.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export function containersOf(pod: KubeObject): string[] {
  const spec = isObject(pod.spec) ? pod.spec : {};
  return [...objectsOf(spec['containers']), ...objectsOf(spec['initContainers'])].map(
    ({ name }) => name as string,
  );
}

/** The container a request means; with several it has to say. */
export function chooseContainer(pod: KubeObject, asked: string | null, isAnnotationUsed: boolean): string {
  const { name, annotations } = pod.metadata;
  const spec = isObject(pod.spec) ? pod.spec : {};
  if (asked !== null && asked !== '') {
    if (!containersOf(pod).includes(asked))
      throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const main = objectsOf(spec['containers']).map((container) => container['name'] as string);
  const preferred = annotations?.[DEFAULT_CONTAINER];
  if (isAnnotationUsed && preferred !== undefined && main.includes(preferred)) return preferred;
  if (main.length === 1) return main[0] ?? '';
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`);
}

function numberOption(
  query: URLSearchParams,
  name: string,
  least: number,
  errors: FieldError[],
): number | undefined {
  const given = query.get(name);
  if (given === null || given === '') return undefined;
  const value = Number(given);
  if (!Number.isInteger(value))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(given)}: invalid syntax`);
  if (value < least)
    errors.push(
      invalidValue(
        name,
        value,
        least === 0 ? 'must be greater than or equal to 0' : `must be greater than ${least - 1}`,
      ),
    );
  return value;
}

function logOptions(query: URLSearchParams, pod: string): LogOptions {
  const errors: FieldError[] = [];
  const tailLines = numberOption(query, 'tailLines', 0, errors);
  const limitBytes = numberOption(query, 'limitBytes', 1, errors);
  const sinceSeconds = numberOption(query, 'sinceSeconds', 1, errors);
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, pod, errors);
  const sinceTime = query.get('sinceTime');
  return {
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === null ? {} : { sinceTime }),
  };
}

interface ContainerState {
  name: string;
  containerID?: string;
  state?: { waiting?: { reason?: string } };
  lastState?: { terminated?: object };
}

function checkThereIsALog(pod: KubeObject, container: string, previous: boolean): void {
  const status = isObject(pod.status) ? pod.status : {};
  const states = [
    ...objectsOf(status['containerStatuses']),
    ...objectsOf(status['initContainerStatuses']),
  ] as unknown as ContainerState[];
  const state = states.find(({ name }) => name === container);
  const where = `container "${container}" in pod "${pod.metadata.name}"`;
  if (previous) {
    if (state?.lastState?.terminated === undefined)
      throw badRequest(`previous terminated ${where} not found`);
  } else if (state?.state?.waiting !== undefined && state.lastState?.terminated === undefined) {
    throw badRequest(`${where} is waiting to start: ${state.state.waiting.reason ?? 'ContainerCreating'}`);
  }
}

/** What a request for logs asks for; @throws what the kubelet would refuse */
export function logRequest(
  query: URLSearchParams,
  pod: KubeObject,
): { container: string; options: LogOptions } {
  const options = logOptions(query, pod.metadata.name);
  const container = chooseContainer(pod, query.get('container'), false);
  checkThereIsALog(pod, container, options.previous === true);
  return { container, options };
}

/** `pods/NAME/log`: text, as it comes when `follow` is set. Errors before the first byte are Statuses. */
export async function serveLogs(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  response: ServerResponse,
): Promise<void> {
  const { type, key, namespace = '', name = '' } = target;
  const pod = context.store.get(key, namespace, name);
  if (pod === undefined) throw notFound(type, name);
  const { container, options } = logRequest(request.query, pod);
  if (context.readLogs === undefined) throw notImplemented('this server has no kubelet to read logs from');
  const lines = context.readLogs(namespace, name, container, options)[Symbol.asyncIterator]();
  const stop = () => void lines.return?.();
  context.closing.addEventListener('abort', stop);
  response.on('close', stop);
  try {
    let next = await lines.next();
    response.writeHead(200, { ...commonHeaders(), 'content-type': 'text/plain' });
    response.flushHeaders();
    let left = options.limitBytes ?? Infinity;
    for (; next.done !== true && left > 0 && !response.destroyed; next = await lines.next()) {
      const chunk = Buffer.from(next.value);
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) await drained(response);
    }
    response.end();
  } finally {
    context.closing.removeEventListener('abort', stop);
    stop();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
