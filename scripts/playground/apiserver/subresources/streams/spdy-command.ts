import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { CommandStreams } from './command-streams.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import type { AskedStreams } from './web-socket-command.ts';

/**
 * What `exec` and `attach` speak over SPDY: a stream for each of
 * stdin, stdout, stderr, and one that ends with a Status.
 */
export const COMMAND_PROTOCOLS = ['v4.channel.k8s.io'];

/** As long as a kubelet waits for a client's streams. */
const STREAMS_DEADLINE_MS = 30_000;

/**
 * Calls back once the client has opened every stream that it asked for; ends the connection when it does not.
 */
export function acceptCommandStreams(
  transport: Duplex,
  asked: AskedStreams,
  onOpen: (streams: CommandStreams) => void,
): void {
  const awaited = new Set(['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((one) => asked[one])]);
  const opened = new Map<string, SpdyStream>();
  const connection = new SpdyConnection(transport, (stream) => {
    const type = stream.headers['streamtype'] ?? '';
    // A terminal's sizes are read and dropped: there is no terminal.
    if (!awaited.delete(type)) {
      stream.resume();
      return;
    }
    opened.set(type, stream);
    if (awaited.size > 0) return;
    clearTimeout(tooLate);
    onOpen(new SpdyCommandStreams(transport, connection, opened));
  });
  const tooLate = setTimeout(() => connection.close(), STREAMS_DEADLINE_MS).unref();
  transport.on('close', () => clearTimeout(tooLate));
}

class SpdyCommandStreams implements CommandStreams {
  readonly stdin: SpdyStream | undefined;
  readonly wanted: { stdout: boolean; stderr: boolean };
  private readonly transport: Duplex;
  private readonly connection: SpdyConnection;
  private readonly outputs: Record<'stdout' | 'stderr', SpdyStream | undefined>;
  private readonly error: SpdyStream | undefined;

  constructor(transport: Duplex, connection: SpdyConnection, opened: ReadonlyMap<string, SpdyStream>) {
    this.transport = transport;
    this.connection = connection;
    this.stdin = opened.get('stdin');
    this.outputs = { stdout: opened.get('stdout'), stderr: opened.get('stderr') };
    this.wanted = { stdout: opened.has('stdout'), stderr: opened.has('stderr') };
    this.error = opened.get('error');
    for (const one of [this.outputs.stdout, this.outputs.stderr, this.error]) one?.resume();
  }

  async write(stream: 'stdout' | 'stderr', data: Buffer): Promise<void> {
    const output = this.outputs[stream];
    if (output === undefined || output.destroyed || output.write(data)) return;
    // The other side may leave instead of reading.
    await Promise.race([once(output, 'drain'), once(output, 'close')]).catch(() => undefined);
  }

  finish(status: object): void {
    if (this.error?.writableEnded === true) return;
    this.outputs.stdout?.end();
    this.outputs.stderr?.end();
    if (this.error === undefined || this.error.destroyed) this.connection.close();
    else this.error.end(JSON.stringify(status), () => this.transport.end());
  }

  onClose(listener: () => void): void {
    this.transport.on('close', listener);
  }

  close(): void {
    this.connection.close();
  }
}
