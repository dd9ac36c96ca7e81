import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ApiContext } from '../context.ts';
import { acceptWebSocket, whenClosing } from './streams/web-socket.ts';
import { toBuffer } from './streams/web-socket-command.ts';

/**
 * Port-forward over plain WebSocket channels, as the client libraries speak it.
 * Port i of the query has two channels: 2i carries data, 2i+1 errors. Both begin
 * with the port number, two bytes, little endian. One connection per port.
 */

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const CLOSE_CHANNEL = 255;
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Picks what both sides know, the server's preference first. Undefined: nothing in common. */
export function chooseProtocol(offered: string | undefined, known: string[]): string | undefined {
  const offers = (offered ?? '').split(',').map((one) => one.trim());
  return known.find((one) => offers.includes(one));
}

export const offeredProtocols = (request: IncomingMessage): string | undefined =>
  request.headers['sec-websocket-protocol'];

export function forwardsByChannel(offered: string | undefined): boolean {
  return offered === undefined || chooseProtocol(offered, PROTOCOLS) !== undefined;
}

export function portsOf(query: URLSearchParams): number[] {
  return query
    .getAll('ports')
    .flatMap((list) => list.split(',').map(Number))
    .filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
}

export interface PodAddress {
  namespace: string;
  name: string;
}

export function upgradeToChannels(
  upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer },
  pod: PodAddress,
  ports: number[],
  context: ApiContext,
): void {
  acceptWebSocket(PROTOCOLS, upgrade, (webSocket) => {
    whenClosing(webSocket, context.closing, () => webSocket.close(1000));
    const channels = ports.map((port, index) => new Channel(webSocket, pod, port, index * 2, context));
    webSocket.on('message', (data) => {
      const message = toBuffer(data);
      const channel = message[0] ?? 0;
      if (channel === CLOSE_CHANNEL) channels[(message[1] ?? 0) >> 1]?.endFromClient();
      else channels[channel >> 1]?.fromClient(message.subarray(1));
    });
    webSocket.on('close', () => channels.forEach((channel) => channel.destroy()));
  });
}

/** One forwarded port: one TCP connection into the pod. */
class Channel {
  private readonly webSocket: WebSocket;
  private readonly index: number;
  private socket: Duplex | undefined;
  private readonly waiting: Buffer[] = [];
  private hasEnded = false;

  constructor(webSocket: WebSocket, pod: PodAddress, port: number, index: number, context: ApiContext) {
    this.webSocket = webSocket;
    this.index = index;
    const portBytes = Buffer.alloc(2);
    portBytes.writeUInt16LE(port);
    this.send(0, portBytes);
    this.send(1, portBytes);
    void this.connect(pod, port, context);
  }

  fromClient(data: Buffer): void {
    if (this.socket === undefined) this.waiting.push(data);
    else if (this.socket.writable) this.socket.write(data);
  }

  endFromClient(): void {
    this.hasEnded = true;
    this.socket?.end();
  }

  destroy(): void {
    this.hasEnded = true;
    this.socket?.destroy();
  }

  private async connect(pod: PodAddress, port: number, context: ApiContext): Promise<void> {
    try {
      if (context.connectToPod === undefined) throw new Error('this server has no kubelet to forward to');
      const socket = await context.connectToPod(pod.namespace, pod.name, port);
      if (this.webSocket.readyState !== this.webSocket.OPEN) {
        socket.destroy();
        return;
      }
      this.attach(socket);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.send(1, Buffer.from(`error forwarding port ${port} to pod ${pod.name}, uid : ${why}`));
      this.webSocket.close(1000);
    }
  }

  private attach(socket: Duplex): void {
    this.socket = socket;
    for (const data of this.waiting.splice(0)) socket.write(data);
    if (this.hasEnded) socket.end();
    socket.on('data', (chunk: Buffer) => {
      this.send(0, chunk);
      if (this.webSocket.bufferedAmount > MAX_UNSENT_BYTES) this.pauseUntilSent(socket);
    });
    socket.on('error', (error) => this.send(1, Buffer.from(error.message)));
    // The pod has said all it had to say: the kubelet closes the stream then, in both directions.
    socket.on('end', () => socket.end());
    socket.on('close', () => this.webSocket.close(1000));
  }

  private pauseUntilSent(socket: Duplex): void {
    socket.pause();
    // The callback of an empty write comes when all before it has been handed to the kernel.
    this.webSocket.send(Buffer.from([this.index]), () => socket.resume());
  }

  private send(offset: 0 | 1, data: Buffer): void {
    if (this.webSocket.readyState !== this.webSocket.OPEN) return;
    this.webSocket.send(Buffer.concat([Buffer.from([this.index + offset]), data]));
  }
}
