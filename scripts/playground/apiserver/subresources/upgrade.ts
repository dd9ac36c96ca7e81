import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { runAttach, isLogProtocol, upgradeToLog } from './attach.ts';
import {
  isStatusError,
  methodNotAllowed,
  notFound,
  notImplemented,
  StatusError,
  unknownResource,
} from '../status-error.ts';
import { admit } from '../auth/admit.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { ApiContext } from '../context.ts';
import { runExec } from './exec.ts';
import { chooseContainer, logRequest } from './logs.ts';
import {
  chooseProtocol,
  forwardsByChannel,
  offeredProtocols,
  portsOf,
  upgradeToChannels,
  type PodAddress,
} from './port-forward.ts';
import { isTrue, isWatch, type ApiRequest, type User } from '../request.ts';
import { serveWatch } from '../verbs/watch.ts';
import type { CommandStreams } from './streams/command-streams.ts';
import { acceptCommandStreams, COMMAND_PROTOCOLS } from './streams/spdy-command.ts';
import { webSocketSink } from '../verbs/watch-sink.ts';
import { forwardOverSpdy } from './streams/spdy-port-forward.ts';
import { acceptCommandChannels, CHANNEL_PROTOCOLS, type AskedStreams } from './streams/web-socket-command.ts';
import { guardWebSocket } from './streams/web-socket.ts';

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
  user: User | undefined,
  socket: Duplex,
  head: Buffer,
  context: ApiContext,
): void {
  try {
    admit(request, user, context);
    upgrade(request, socket, head, context);
  } catch (error) {
    refuse(socket, error);
  }
}

function upgrade(request: ApiRequest, socket: Duplex, head: Buffer, context: ApiContext): void {
  const { target } = request;
  if (target?.type === undefined) throw unknownResource();
  const { key, namespace = '', name = '', subresource, type } = target;
  if (isWatch(request) && subresource === undefined) {
    // Watches over WebSockets are for browsers: who names no page it comes from is refused, as by a real one.
    const isBrowser = isWebSocket(request) && request.headers.origin !== undefined;
    if (!isBrowser) throw new PlainRefusal(403, '');
    serveWatch(request, { ...target, type }, context, webSocketSink({ request: request.raw, socket, head }));
    return;
  }
  if (key !== 'v1/pods' || subresource === undefined) throw methodNotAllowed();
  const pod = context.store.get(key, namespace, name);
  if (pod === undefined) throw notFound(type, name);
  if (subresource === 'portforward') {
    upgradeToPortForward(request, socket, head, { namespace, name }, context);
    return;
  }
  if (subresource === 'exec') {
    upgradeExec(request, socket, head, pod, context);
    return;
  }
  if (subresource === 'attach') {
    upgradeAttach(request, socket, head, pod, context);
    return;
  }
  if (subresource === 'log') {
    if (!isLogProtocol(offeredProtocols(request.raw))) throw new PlainRefusal(403, '');
    const { container, options } = logRequest(request.query, pod);
    if (context.readLogs === undefined) throw notImplemented('this server has no kubelet to read logs from');
    const upgrade = { request: request.raw, socket, head };
    upgradeToLog(upgrade, context.readLogs(namespace, name, container, options));
    return;
  }
  throw new StatusError(501, 'NotImplemented', `the playground does not serve pods/${subresource}`, {});
}

function upgradeAttach(
  request: ApiRequest,
  socket: Duplex,
  head: Buffer,
  pod: KubeObject,
  context: ApiContext,
): void {
  const { query } = request;
  if (isTrue(query.get('stdin')))
    throw notImplemented(
      "writing to a container's stdin (kubectl attach -i); kubectl exec -i starts a program that reads it",
    );
  const asked = askedStreams(query);
  const accept = commandCarrier(request, socket, head, isSpdy(request) ? asked : { ...asked, stdout: true });
  const container = chooseContainer(pod, query.get('container'), true);
  const { namespace = '', name } = pod.metadata;
  accept((streams) => runAttach(streams, { namespace, name }, container, context));
}

const SPDY_OVER_WEBSOCKET = 'SPDY/3.1+portforward.k8s.io';
const PORT_FORWARD_VERSION = 'portforward.k8s.io';

/**
 * kubectl tunnels SPDY through a WebSocket, older clients speak SPDY itself, client libraries plain channels.
 */
function upgradeToPortForward(
  request: ApiRequest,
  socket: Duplex,
  head: Buffer,
  pod: PodAddress,
  context: ApiContext,
): void {
  if (isSpdy(request)) {
    const version = spdyVersion(request, [PORT_FORWARD_VERSION]);
    forwardOverSpdy(switchToSpdy(socket, head, version), pod, context);
    return;
  }
  const offered = offeredProtocols(request.raw);
  if (chooseProtocol(offered, [SPDY_OVER_WEBSOCKET]) !== undefined) {
    const server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
    });
    // Its name has a slash, which is no token: the library would
    // refuse it. So it is taken out and answered by hand.
    delete request.raw.headers['sec-websocket-protocol'];
    server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${SPDY_OVER_WEBSOCKET}`));
    server.handleUpgrade(request.raw, socket, head, (webSocket) => {
      guardWebSocket(webSocket);
      forwardOverSpdy(createWebSocketStream(webSocket), pod, context);
    });
    return;
  }
  const ports = portsOf(request.query);
  if (ports.length === 0) throw new PlainRefusal(400, 'query parameter "port" is required');
  if (!forwardsByChannel(offered)) throw new PlainRefusal(403, '');
  upgradeToChannels({ request: request.raw, socket, head }, pod, ports, context);
}

const isWebSocket = ({ headers }: ApiRequest): boolean => headers.upgrade?.toLowerCase() === 'websocket';

const isSpdy = ({ headers }: ApiRequest): boolean => /^spdy/i.test(headers.upgrade ?? '');

/** The version of the protocol over SPDY that both sides know. */
function spdyVersion(request: ApiRequest, known: string[]): string {
  const offered = request.headers['x-stream-protocol-version']?.toString();
  if (offered === undefined) throw new PlainRefusal(500, 'invalid upgrade response: status code 200\n');
  const version = chooseProtocol(offered, known);
  if (version !== undefined) return version;
  const offers = offered
    .split(',')
    .map((one) => one.trim())
    .join(' ');
  throw new PlainRefusal(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${offers}], server accepts [${known.join(' ')}]\n`,
  );
}

/** Says yes to SPDY; from here on the connection carries its frames. */
function switchToSpdy(socket: Duplex, head: Buffer, version: string): Duplex {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${version}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  return socket;
}

function askedStreams(query: URLSearchParams): AskedStreams {
  const asks = (name: string) => isTrue(query.get(name));
  return { stdin: asks('stdin'), stdout: asks('stdout'), stderr: asks('stderr') };
}

/** How the streams of exec and attach come: kubectl tries WebSocket channels first and falls back to SPDY. */
function commandCarrier(
  request: ApiRequest,
  socket: Duplex,
  head: Buffer,
  asked: AskedStreams,
): (onOpen: (streams: CommandStreams) => void) => void {
  if (isSpdy(request)) {
    const version = spdyVersion(request, COMMAND_PROTOCOLS);
    return (onOpen) => acceptCommandStreams(switchToSpdy(socket, head, version), asked, onOpen);
  }
  if (chooseProtocol(offeredProtocols(request.raw), CHANNEL_PROTOCOLS) === undefined)
    throw new PlainRefusal(403, '');
  return (onOpen) => acceptCommandChannels({ request: request.raw, socket, head }, asked, onOpen);
}

function upgradeExec(
  request: ApiRequest,
  socket: Duplex,
  head: Buffer,
  pod: KubeObject,
  context: ApiContext,
): void {
  const { query } = request;
  const asked = askedStreams(query);
  if (!asked.stdin && !asked.stdout && !asked.stderr)
    throw new PlainRefusal(400, 'you must specify at least 1 of stdin, stdout, stderr');
  const accept = commandCarrier(request, socket, head, asked);
  const container = chooseContainer(pod, query.get('container'), true);
  const { namespace = '', name } = pod.metadata;
  const exec = { pod: { namespace, name }, container, command: query.getAll('command') };
  accept((streams) => runExec(streams, exec, context));
}

function refuse(socket: Duplex, error: unknown): void {
  if (error instanceof PlainRefusal) {
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    refuseUpgrade(socket, { code: error.code, body: error.message, headers });
    return;
  }
  const { status } = isStatusError(error)
    ? error
    : new StatusError(500, 'InternalError', error instanceof Error ? error.message : String(error));
  refuseUpgrade(socket, { code: status.code ?? 500, body: status });
}

/** An ordinary answer instead of another protocol; the connection ends with it. */
export function refuseUpgrade(
  socket: Duplex,
  { code, body, headers = {} }: { code: number; body: unknown; headers?: Record<string, string> },
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    'content-type': 'application/json',
    ...headers,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  socket.end(
    [
      `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
      ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
      '',
      text,
    ].join('\r\n'),
  );
}
