import http2 from 'node:http2';
import type { SocketAddress } from '../network-types.ts';
import type { CheckResult } from './check-result.ts';

const STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const UNIMPLEMENTED = '12';

/** What grpc-go takes in one message. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * A gRPC probe: grpc.health.v1.Health/Check over HTTP/2 without TLS,
 * its outcome in the kubelet's words. Never throws.
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export async function checkGrpc(
  { said, real }: { said: string; real: SocketAddress | undefined },
  service: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  const unreached: CheckResult = {
    passed: false,
    output: `timeout: failed to connect service "${said}" within ${timeoutMs / 1_000}s: context deadline exceeded`,
  };
  if (real === undefined) return unreached;
  const session = http2.connect(`http://${real.host}:${real.port}`);
  try {
    return await new Promise<CheckResult>((resolve) => {
      const failed = (output: string): void => resolve({ passed: false, output });
      let connected = false;
      signal.addEventListener(
        'abort',
        () =>
          connected
            ? failed(`timeout: health rpc did not complete within ${timeoutMs / 1_000}s`)
            : resolve(unreached),
        { once: true },
      );
      session.once('connect', () => (connected = true));
      session.once('error', () => resolve(unreached));
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        'user-agent': 'kube-probe/1.36',
        te: 'trailers',
      });
      const chunks: Buffer[] = [];
      let grpcStatus: string | undefined;
      const note = (headers: http2.IncomingHttpHeaders): void => {
        grpcStatus = headers['grpc-status']?.toString() ?? grpcStatus;
      };
      stream.on('response', note);
      stream.on('trailers', note);
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        // In gRPC's words, and its limit.
        if (bytes > MAX_BYTES)
          failed(
            `error: health rpc probe failed: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (${bytes} vs. ${MAX_BYTES})`,
          );
      });
      stream.on('error', (error: Error) => failed(`error: health rpc probe failed: ${error.message}`));
      stream.on('end', () => {
        if (grpcStatus === UNIMPLEMENTED) {
          failed('error: this server does not implement the grpc health protocol (grpc.health.v1.Health)');
        } else if (grpcStatus !== undefined && grpcStatus !== '0') {
          failed(`error: health rpc probe failed: rpc error: code = ${grpcStatus}`);
        } else {
          const status = STATUS[statusIn(Buffer.concat(chunks))] ?? 'UNKNOWN';
          if (status === 'SERVING') resolve({ passed: true, output: '' });
          else failed(`service unhealthy (responded with "${status}")`);
        }
      });
      stream.end(frame(service));
    });
  } finally {
    session.destroy();
  }
}

/** HealthCheckRequest{service}: field 1, a string; before it the five bytes of a gRPC message. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** HealthCheckResponse{status}: field 1, a varint of one byte; 0 is left out. */
function statusIn(answer: Buffer): number {
  return answer[5] === 0x08 ? (answer[6] ?? 0) : 0;
}
