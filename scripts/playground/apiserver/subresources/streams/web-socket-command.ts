import type { IncomingMessage } from 'node:http';
import { PassThrough, type Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { CommandStreams } from './command-streams.ts';
import { acceptWebSocket } from './web-socket.ts';

/** A byte before each message says which stream it belongs to. */
export const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const OUTPUTS = { stdout: 1, stderr: 2 };
const ERROR = 3;
const CLOSE = 255;
const MAX_UNSENT_BYTES = 1024 * 1024;

export interface AskedStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export function acceptCommandChannels(
  upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer },
  asked: AskedStreams,
  onOpen: (streams: CommandStreams) => void,
): void {
  acceptWebSocket(CHANNEL_PROTOCOLS, upgrade, (webSocket) => {
    send(webSocket, OUTPUTS.stdout, Buffer.alloc(0));
    onOpen(new ChannelStreams(webSocket, asked));
  });
}

class ChannelStreams implements CommandStreams {
  readonly stdin: PassThrough | undefined;
  readonly wanted: { stdout: boolean; stderr: boolean };
  private readonly webSocket: WebSocket;

  constructor(webSocket: WebSocket, { stdin, stdout, stderr }: AskedStreams) {
    this.webSocket = webSocket;
    this.wanted = { stdout, stderr };
    this.stdin = stdin ? new PassThrough() : undefined;
    this.stdin?.on('error', () => undefined);
    webSocket.on('message', (message) => this.receive(toBuffer(message)));
    webSocket.on('close', () => this.stdin?.destroy());
  }

  write(stream: 'stdout' | 'stderr', data: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const isFull = this.webSocket.bufferedAmount > MAX_UNSENT_BYTES;
      if (!this.wanted[stream]) resolve();
      else if (isFull) send(this.webSocket, OUTPUTS[stream], data, resolve);
      else {
        send(this.webSocket, OUTPUTS[stream], data);
        resolve();
      }
    });
  }

  finish(status: object): void {
    send(this.webSocket, ERROR, Buffer.from(JSON.stringify(status)));
    this.webSocket.close(1000);
  }

  onClose(listener: () => void): void {
    this.webSocket.on('close', listener);
  }

  close(): void {
    this.webSocket.close(1000);
  }

  private receive(data: Buffer): void {
    if (data[0] === STDIN) this.stdin?.write(data.subarray(1));
    else if (data[0] === CLOSE && data[1] === STDIN) this.stdin?.end();
  }
}

function send(webSocket: WebSocket, channel: number, data: Buffer, done?: () => void): void {
  if (webSocket.readyState !== webSocket.OPEN) return done?.();
  webSocket.send(Buffer.concat([Buffer.from([channel]), data]), done);
}

export function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (Array.isArray(data)) return Buffer.concat(data as Buffer[]);
  return Buffer.from(data as ArrayBuffer);
}
