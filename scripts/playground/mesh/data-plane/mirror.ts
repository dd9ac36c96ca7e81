import type { Cluster } from './cluster.ts';
import { header, setHeader, writeHead, type Headers, type RequestHead } from './http1/head.ts';
import type { UpstreamConnection, UpstreamHandler } from './upstream-connection.ts';

/**
 * Sends a copy of a request and forgets the answer. Its Host gets
 * `-shadow`, so that logs can tell copies apart.
 */
export function mirror(cluster: Cluster, request: RequestHead, original: Headers, body: Buffer[]): void {
  const host = cluster.choose();
  if (host === undefined) return;
  const headers = [...original];
  const [name, port] = (header(headers, 'host') ?? '').split(':', 2);
  setHeader(headers, 'host', `${name ?? ''}-shadow${port === undefined ? '' : `:${port}`}`);
  const { stats } = host;
  const { breaker } = cluster;
  stats.rqPendingActive += 1;
  let sent = false;
  const send = (connection: UpstreamConnection) => {
    if (!breaker.admits('requests')) {
      connection.release();
      over('rqError');
      return;
    }
    connection.attach(handler, request.method);
    sent = true;
    stats.rqPendingActive -= 1;
    stats.rqActive += 1;
    stats.rqTotal += 1;
    breaker.inUse.requests += 1;
    connection.send(writeHead(`${request.method} ${request.target} HTTP/1.1`, headers), body);
  };
  const over = (what: 'rqSuccess' | 'rqError') => {
    if (sent) {
      stats.rqActive -= 1;
      breaker.inUse.requests -= 1;
    } else stats.rqPendingActive -= 1;
    stats[what] += 1;
  };
  const ignore = () => undefined;
  const handler: UpstreamHandler = {
    requestComplete: true,
    onHead: ignore,
    onBody: ignore,
    onWritable: ignore,
    onBatchEnd: ignore,
    onComplete: () => over('rqSuccess'),
    onReset: () => over('rqError'),
  };
  const isTaken = host.request({ onConnection: send, onPoolFailure: () => over('rqError') });
  if (!isTaken) over('rqError');
}
