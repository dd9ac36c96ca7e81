import { header, type Headers, type RequestHead } from './http1/head.ts';

/** What became of one request, for the access log and the counters. */
export interface AccessRecord {
  /** Epoch, in milliseconds. */
  startedAt: number;
  durationMs: number;
  request: RequestHead;
  /** The path before any rewrite. */
  path: string;
  /** The head as it went upstream. */
  head: Headers;
  /** 0: the caller was gone before there was one. */
  status: number;
  /**
   * Envoy's response flags, such as `UF`.
   * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags
   */
  flags: string[];
  details: string;
  transportFailure: string | undefined;
  bytesReceived: number;
  bytesSent: number;
  serviceTimeMs: number | undefined;
  upstream: { host: string; localAddress: string | undefined } | undefined;
  cluster: string | undefined;
  localAddress: string;
  remoteAddress: string;
  routeName: string | undefined;
}

/** One line in Istio's default text format (`envoy/access-log.ts`). */
export function accessLogLine(record: AccessRecord): string {
  const { request, head: headers } = record;
  const quoted = (text: string | undefined) => `"${text ?? '-'}"`;
  return [
    `[${new Date(record.startedAt).toISOString()}]`,
    quoted(`${request.method} ${record.path} HTTP/1.1`),
    record.status,
    record.flags.length === 0 ? '-' : record.flags.join(','),
    record.details,
    '-',
    quoted(record.transportFailure),
    record.bytesReceived,
    record.bytesSent,
    Math.round(record.durationMs),
    record.serviceTimeMs ?? '-',
    quoted(header(headers, 'x-forwarded-for')),
    quoted(header(headers, 'user-agent')),
    quoted(header(headers, 'x-request-id')),
    quoted(header(headers, 'host')),
    quoted(record.upstream?.host),
    record.cluster ?? '-',
    record.upstream?.localAddress ?? '-',
    record.localAddress,
    record.remoteAddress,
    '-',
    record.routeName ?? '-',
  ].join(' ');
}

/** Envoy's words for a request that broke off on its way to or at the app. */
export function resetRecord(
  reason: string,
  answerStarted: boolean,
): Pick<AccessRecord, 'flags' | 'details' | 'transportFailure'> {
  const refused = reason === 'remote connection failure';
  const transportFailure = refused ? 'delayed_connect_error:_Connection_refused' : undefined;
  const when = answerStarted ? 'after' : 'before';
  const why = reason.replaceAll(' ', '_') + (transportFailure === undefined ? '' : `|${transportFailure}`);
  return {
    flags: [FLAGS[reason] ?? 'UR'],
    details: `upstream_reset_${when}_response_started{${why}}`,
    transportFailure,
  };
}

const FLAGS: Record<string, string> = {
  'remote connection failure': 'UF',
  'connection timeout': 'UF',
  'connection termination': 'UC',
  'protocol error': 'UPE',
};
