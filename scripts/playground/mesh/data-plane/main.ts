/**
 * The data plane: one process with every proxy of the mesh. `builtin.ts` starts and controls it; it ends with
 * its parent.
 */
import { setFlagsFromString } from 'node:v8';
import type { SocketAddress } from '../../network-types.ts';
import type { FromDataPlane, ToDataPlane } from './messages.ts';
import { Proxy } from './proxy.ts';

// Patterns come from configurations and from requests to an admin port. As in RE2, none may run for ever: one
// that backtracks too often is continued in V8's linear engine (which has no `(?i)`).
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

const proxies = new Map<string, Proxy>();
const sockets = new Map<string, SocketAddress>();
const socketOf = (address: string, port: number) =>
  sockets.get(`${address}:${port}`) ?? { host: address, port };

function tell(message: FromDataPlane): void {
  if (process.connected) process.send?.(message);
}

async function start(spec: Extract<ToDataPlane, { kind: 'start' }>['proxy']): Promise<void> {
  const proxy = new Proxy(spec, socketOf);
  proxies.set(spec.id, proxy);
  try {
    const publicAddress = await proxy.start();
    tell({ kind: 'started', proxyId: spec.id, ...(publicAddress === undefined ? {} : { publicAddress }) });
  } catch (error) {
    proxies.delete(spec.id);
    proxy.kill();
    tell({ kind: 'started', proxyId: spec.id, error: (error as Error).message });
  }
}

async function push(message: Extract<ToDataPlane, { kind: 'push' }>): Promise<void> {
  for (const [name, address] of message.sockets) sockets.set(name, address);
  const { proxyId, typeUrl, nonce } = message;
  const proxy = proxies.get(proxyId);
  if (proxy === undefined) return;
  let error: string | undefined;
  try {
    error = await proxy.apply(message);
  } catch (failure) {
    error = (failure as Error).message;
  }
  tell({
    kind: 'ack',
    proxyId,
    typeUrl,
    nonce,
    warming: proxy.config.warming,
    ...(error === undefined ? {} : { error }),
  });
}

/** Access logs leave in batches: a message for each line would cost as much as the requests. */
const LOG_EVERY_MS = 200;
setInterval(() => {
  for (const proxyId of proxies.keys()) tellLog(proxyId);
}, LOG_EVERY_MS).unref();

function tellLog(proxyId: string): void {
  const lines = proxies.get(proxyId)?.log.splice(0) ?? [];
  if (lines.length > 0) tell({ kind: 'log', proxyId, text: `${lines.join('\n')}\n` });
}

function stop(proxyId: string): void {
  tellLog(proxyId);
  proxies.get(proxyId)?.kill();
  proxies.delete(proxyId);
  tell({ kind: 'stopped', proxyId });
}

process.on('warning', ({ name, message }) => {
  if (name === 'ListenerFault') tell({ kind: 'fault', text: message });
});
process.on('message', (message: ToDataPlane) => {
  switch (message.kind) {
    case 'start':
      void start(message.proxy);
      break;
    case 'push':
      void push(message);
      break;
    case 'drain':
      proxies.get(message.proxyId)?.drain();
      break;
    case 'stop':
      stop(message.proxyId);
      break;
  }
});
// The parent has ended, even by a kill: end too.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when to end.
process.on('SIGINT', () => undefined);
tell({ kind: 'ready' });
