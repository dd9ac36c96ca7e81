import { Duplex } from 'node:stream';
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { SPDY_DICTIONARY } from './spdy-dictionary.ts';

/**
 * The server's side of SPDY/3.1, as far as kubectl's port-forward uses
 * it: many streams over one connection, no flow control.
 * https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
 */

const VERSION = 3;
const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FLAG_FIN = 1;
const FRAME_HEADER_BYTES = 8;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const MAX_DATA_BYTES = 32 * 1024;
const CANCEL = 5;

export type SpdyHeaders = Record<string, string>;

/**
 * One stream: what the peer sends is read, what is written goes to the peer, `end()` closes this side only.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  private readonly connection: SpdyConnection;
  private resume_: (() => void) | undefined;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders) {
    super({ allowHalfOpen: true });
    this.connection = connection;
    this.id = id;
    this.headers = headers;
  }

  /** Data from the peer. Resolves when there is room for more. */
  receive(data: Buffer): Promise<void> | undefined {
    if (this.destroyed || this.push(data)) return undefined;
    return new Promise((resolve) => (this.resume_ = resolve));
  }

  receiveEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    this.resume_?.();
    this.resume_ = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.connection.sendData(this.id, chunk, 0, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.connection.sendData(this.id, Buffer.alloc(0), FLAG_FIN, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.resume_?.();
    this.connection.forget(this.id, error !== null);
    done(error);
  }
}

export class SpdyConnection {
  private readonly transport: Duplex;
  private readonly streams = new Map<number, SpdyStream>();
  private readonly inflate: Inflate = createInflate({
    dictionary: SPDY_DICTIONARY,
    flush: constants.Z_SYNC_FLUSH,
  });
  private readonly deflate: Deflate = createDeflate({
    dictionary: SPDY_DICTIONARY,
    flush: constants.Z_SYNC_FLUSH,
  });
  private readonly onStream: (stream: SpdyStream) => void;

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.transport = transport;
    this.onStream = onStream;
    // A broken header stream cannot be read any further: the connection is over.
    this.inflate.on('error', () => this.close());
    this.deflate.on('error', () => this.close());
    transport.on('error', () => this.close());
    transport.on('close', () => this.close());
    void this.readFrames();
  }

  close(): void {
    this.transport.destroy();
    for (const stream of this.streams.values()) stream.destroy();
    this.streams.clear();
  }

  /** Sends data, in frames small enough to share the connection. */
  sendData(id: number, data: Buffer, flags: number, done: (error?: Error | null) => void): void {
    if (this.transport.destroyed) {
      done(new Error('the connection is closed'));
      return;
    }
    if (data.length <= MAX_DATA_BYTES) {
      this.transport.write(dataFrame(id, data, flags), done);
      return;
    }
    this.transport.write(dataFrame(id, data.subarray(0, MAX_DATA_BYTES), 0), (error) => {
      if (error) done(error);
      else this.sendData(id, data.subarray(MAX_DATA_BYTES), flags, done);
    });
  }

  forget(id: number, isBroken: boolean): void {
    if (!this.streams.delete(id) || !isBroken || this.transport.destroyed) return;
    this.transport.write(controlFrame(RST_STREAM, 0, uint32(id, CANCEL)));
  }

  private async readFrames(): Promise<void> {
    let pending: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of this.transport as AsyncIterable<Buffer>) {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        while (pending.length >= FRAME_HEADER_BYTES) {
          const length = pending.readUIntBE(5, 3);
          if (length > MAX_FRAME_BYTES) throw new Error('frame too large');
          if (pending.length < FRAME_HEADER_BYTES + length) break;
          await this.handleFrame(
            pending.subarray(0, FRAME_HEADER_BYTES),
            pending.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length),
          );
          pending = pending.subarray(FRAME_HEADER_BYTES + length);
        }
      }
    } catch {
      // The peer disconnected or sent invalid data: no error can be sent to it.
    }
    this.close();
  }

  private async handleFrame(header: Buffer, body: Buffer): Promise<void> {
    const flags = header[4] ?? 0;
    const isFinal = (flags & FLAG_FIN) !== 0;
    if ((header.readUInt8(0) & 0x80) === 0) {
      const stream = this.streams.get(header.readUInt32BE(0) & 0x7fffffff);
      if (body.length > 0) await stream?.receive(Buffer.from(body));
      if (isFinal) stream?.receiveEnd();
      return;
    }
    switch (header.readUInt16BE(2)) {
      case SYN_STREAM:
        return this.openStream(body, isFinal);
      case RST_STREAM:
        this.streams.get(body.readUInt32BE(0) & 0x7fffffff)?.destroy();
        return;
      case PING:
        this.transport.write(controlFrame(PING, 0, body));
        return;
      case GOAWAY:
        this.transport.end();
        return;
      default:
        // SETTINGS, WINDOW_UPDATE and what else there is ask nothing of this side.
        return;
    }
  }

  private async openStream(body: Buffer, isFinal: boolean): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const headers = parseHeaders(await through(this.inflate, body.subarray(10)));
    const stream = new SpdyStream(this, id, headers);
    stream.on('error', () => undefined);
    this.streams.set(id, stream);
    const reply = await through(this.deflate, Buffer.alloc(4));
    this.transport.write(controlFrame(SYN_REPLY, 0, Buffer.concat([uint32(id), reply])));
    if (isFinal) stream.receiveEnd();
    this.onStream(stream);
  }
}

/** Sends bytes through a compressor that keeps its state, and gives what came out. */
function through(compressor: Inflate | Deflate, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    compressor.write(input, (error) => {
      if (error) {
        reject(error);
        return;
      }
      const output: Buffer[] = [];
      for (
        let part = compressor.read() as Buffer | null;
        part !== null;
        part = compressor.read() as Buffer | null
      )
        output.push(part);
      resolve(Buffer.concat(output));
    });
  });
}

function parseHeaders(block: Buffer): SpdyHeaders {
  const headers: SpdyHeaders = {};
  let offset = 4;
  const next = () => {
    const length = block.readUInt32BE(offset);
    const text = block.toString('utf8', offset + 4, offset + 4 + length);
    offset += 4 + length;
    return text;
  };
  for (let left = block.readUInt32BE(0); left > 0; left -= 1) {
    const name = next();
    headers[name.toLowerCase()] = next();
  }
  return headers;
}

function uint32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => buffer.writeUInt32BE(value, index * 4));
  return buffer;
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt16BE(0x8000 | VERSION, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([header, body]);
}

function dataFrame(id: number, data: Buffer, flags: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(id, 0);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(data.length, 5, 3);
  return Buffer.concat([header, data]);
}
