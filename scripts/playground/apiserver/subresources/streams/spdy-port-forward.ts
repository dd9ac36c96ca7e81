import type { Duplex } from 'node:stream';
import type { ApiContext } from '../../context.ts';
import type { PodAddress } from '../port-forward.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

/**
 * `portforward.k8s.io` as kubectl speaks it: for each local connection a pair of streams with the same
 * requestID, one for data and one for an error text.
 */
export function forwardOverSpdy(transport: Duplex, pod: PodAddress, context: ApiContext): void {
  const waiting = new Map<string, { data?: SpdyStream; error?: SpdyStream }>();
  const connection = new SpdyConnection(transport, (stream) => {
    const id = stream.headers['requestid'] ?? stream.headers['port'] ?? '';
    const pair = {
      ...waiting.get(id),
      [stream.headers['streamtype'] === 'error' ? 'error' : 'data']: stream,
    };
    if (pair.data === undefined || pair.error === undefined) {
      waiting.set(id, pair);
      return;
    }
    waiting.delete(id);
    pair.error.resume();
    void forward(pair.data, pair.error, pod, context);
  });
  const end = () => connection.close();
  context.closing.addEventListener('abort', end);
  transport.on('close', () => context.closing.removeEventListener('abort', end));
}

async function forward(
  data: SpdyStream,
  error: SpdyStream,
  pod: PodAddress,
  context: ApiContext,
): Promise<void> {
  const port = Number(data.headers['port']);
  const fail = (why: string) => {
    error.end(`error forwarding port ${port} to pod ${pod.name}, uid : ${why}`);
    data.end();
    data.resume();
  };
  if (context.connectToPod === undefined) {
    fail('this server has no kubelet to forward to');
    return;
  }
  let socket: Duplex;
  try {
    socket = await context.connectToPod(pod.namespace, pod.name, port);
  } catch (reason) {
    fail(reason instanceof Error ? reason.message : String(reason));
    return;
  }
  socket.on('error', (reason) => {
    if (!error.writableEnded) error.end(reason.message);
    data.destroy();
  });
  socket.on('close', () => {
    if (!error.writableEnded) error.end();
  });
  data.on('close', () => {
    if (!socket.writableEnded) socket.end();
  });
  data.pipe(socket);
  socket.pipe(data);
}
