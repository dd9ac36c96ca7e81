import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  isStatusError,
  methodNotAllowed,
  notFound,
  StatusError,
  unknownResource,
} from '../store/status-error.ts';
import { authorizationFault } from './authorize.ts';
import type { ApiContext } from './context.ts';
import { forwardsByChannel, offeredProtocols, portsOf, upgradeToChannels } from './port-forward.ts';
import type { ApiRequest } from './request.ts';

/** A refusal in plain text, as the streaming endpoints of the kubelet give it. */
class PlainRefusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Requests that change protocol: port-forward and exec. */
export function handleUpgrade(
  request: ApiRequest,
  isKnownUser: boolean,
  socket: Duplex,
  head: Buffer,
  context: ApiContext,
): void {
  try {
    if (!isKnownUser) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
    const denied = authorizationFault(request, context.authorize);
    if (denied !== undefined) throw denied;
    upgrade(request, socket, head, context);
  } catch (error) {
    refuse(socket, error);
  }
}

function upgrade(request: ApiRequest, socket: Duplex, head: Buffer, context: ApiContext): void {
  const { target } = request;
  if (target?.type === undefined) throw unknownResource();
  const { key, namespace = '', name = '', subresource, type } = target;
  if (key !== 'v1/pods' || subresource === undefined) throw methodNotAllowed();
  if (context.store.get(key, namespace, name) === undefined) throw notFound(type, name);
  if (subresource === 'portforward') {
    const offered = offeredProtocols(request.raw);
    if (!forwardsByChannel(offered)) throw new PlainRefusal(403, '');
    const ports = portsOf(request.query);
    if (ports.length === 0) throw new PlainRefusal(400, 'query parameter "port" is required');
    upgradeToChannels(request.raw, socket, head, { namespace, name }, ports, context);
    return;
  }
  throw new StatusError(501, 'NotImplemented', `the playground does not serve pods/${subresource}`, {});
}

function refuse(socket: Duplex, error: unknown): void {
  const isPlain = error instanceof PlainRefusal;
  const status = isStatusError(error)
    ? error.status
    : new StatusError(500, 'InternalError', error instanceof Error ? error.message : String(error)).status;
  const code = isPlain ? error.code : (status.code ?? 500);
  const body = isPlain ? error.message : JSON.stringify(status);
  socket.end(
    [
      `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
      `content-type: ${isPlain ? 'text/plain; charset=utf-8' : 'application/json'}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
