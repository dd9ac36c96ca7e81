import type { ChildProcess } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ApiContext } from './context.ts';
import type { PodAddress } from './port-forward.ts';
import { webSocketServer, whenClosing } from './streams/web-socket.ts';

/** `kubectl exec`: a byte before each message says which stream it belongs to. */

export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
const MAX_UNSENT_BYTES = 1024 * 1024;

export interface ExecRequest {
  pod: PodAddress;
  container: string;
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export function upgradeToExec(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  exec: ExecRequest,
  context: ApiContext,
): void {
  webSocketServer(EXEC_PROTOCOLS).handleUpgrade(request, socket, head, (webSocket) => {
    send(webSocket, STDOUT, Buffer.alloc(0));
    try {
      if (context.execInPod === undefined) throw new Error('this server has no kubelet to run commands');
      const { pod, container, command } = exec;
      attach(
        webSocket,
        exec,
        context.execInPod(pod.namespace, pod.name, container, command),
        context.closing,
      );
    } catch (error) {
      finish(
        webSocket,
        failure(
          `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
          'InternalError',
        ),
      );
    }
  });
}

function attach(webSocket: WebSocket, exec: ExecRequest, child: ChildProcess, closing: AbortSignal): void {
  const { stdin, stdout, stderr } = child;
  const kill = () => void child.kill('SIGKILL');
  whenClosing(webSocket, closing, kill);
  webSocket.on('close', kill);
  webSocket.on('error', kill);
  stdin?.on('error', () => undefined);
  if (!exec.stdin) stdin?.end();
  for (const [channel, stream, isAsked] of [
    [STDOUT, stdout, exec.stdout],
    [STDERR, stderr, exec.stderr],
  ] as const) {
    stream?.on('data', (chunk: Buffer | string) => {
      if (!isAsked) return;
      const isFull = webSocket.bufferedAmount > MAX_UNSENT_BYTES;
      if (isFull) stream.pause();
      send(webSocket, channel, Buffer.from(chunk), isFull ? () => stream.resume() : undefined);
    });
  }
  webSocket.on('message', (message) => {
    const data = Buffer.isBuffer(message) ? message : Buffer.from(message as ArrayBuffer);
    if (data[0] === STDIN) stdin?.write(data.subarray(1));
    else if (data[0] === CLOSE && data[1] === STDIN) stdin?.end();
  });
  child.on('error', (error) =>
    finish(
      webSocket,
      failure(
        `Internal error occurred: error executing command in container: ${error.message}`,
        'InternalError',
      ),
    ),
  );
  child.on('close', (code, signal) => {
    const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
    finish(webSocket, exitCode === 0 ? { metadata: {}, status: 'Success' } : nonZero(exitCode));
  });
}

const failure = (message: string, reason: string) => ({
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code: 500,
});

const nonZero = (exitCode: number) => ({
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: exit code ${exitCode}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
});

function finish(webSocket: WebSocket, status: object): void {
  send(webSocket, ERROR, Buffer.from(JSON.stringify(status)));
  webSocket.close(1000);
}

function send(webSocket: WebSocket, channel: number, data: Buffer, done?: () => void): void {
  if (webSocket.readyState !== webSocket.OPEN) return done?.();
  webSocket.send(Buffer.concat([Buffer.from([channel]), data]), done);
}
