import http2 from 'node:http2';
import { guardEmitter, warnOfFault } from '../../../../shared/listener/index.ts';

/** One bidirectional gRPC call, as the server sees it: whole messages in, whole messages out. */
export interface GrpcStream {
  send(message: Buffer): void;
  end(): void;
  onMessage(listener: (message: Buffer) => void): void;
  onClose(listener: () => void): void;
}

/**
 * One byte that tells compression, four that tell the length.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
const PREFIX_BYTES = 5;
const UNIMPLEMENTED = '12';
/** Longer than any request of an Envoy; a length that lies is not waited for. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const NAME = 'a discovery stream';

/**
 * A gRPC server for one streaming method, without TLS and compression: what an Envoy beside it on the same
 * machine needs. Listen with `server.listen(path or address)`.
 */
export function createGrpcServer(
  method: string,
  onStream: (stream: GrpcStream) => void,
): { server: http2.Http2Server; close: () => void } {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  guardEmitter(server, (error) => warnOfFault(NAME, error));
  server.on('session', (session) => {
    sessions.add(session);
    guardEmitter(session, () => session.destroy());
    session.on('close', () => sessions.delete(session));
    // A client that was killed leaves a broken session: its close is all there is to know.
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    // A message that is none ends its stream; the Envoy behind it begins another.
    guardEmitter(stream, (error) => {
      warnOfFault(NAME, error);
      stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    });
    stream.on('error', () => undefined);
    if (headers[':path'] !== method) {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED },
        { endStream: true },
      );
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    onStream(streamOf(stream));
  });
  return {
    server,
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

function streamOf(stream: http2.ServerHttp2Stream): GrpcStream {
  const listeners: ((message: Buffer) => void)[] = [];
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + rest.readUInt32BE(1);
      if (end > MAX_MESSAGE_BYTES) throw new Error(`a message of ${end} bytes`);
      if (rest.length < end) return;
      const message = rest.subarray(PREFIX_BYTES, end);
      rest = rest.subarray(end);
      for (const listener of listeners) listener(message);
    }
  });
  stream.on('end', () => stream.end());
  return {
    send(message) {
      if (stream.destroyed || stream.writableEnded) return;
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([prefix, message]));
    },
    end: () => void stream.end(),
    onMessage: (listener) => void listeners.push(listener),
    onClose: (listener) => void stream.on('close', listener),
  };
}
