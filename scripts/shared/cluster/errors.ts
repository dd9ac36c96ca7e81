/** Errors of the API server, and of the network before it. */
import { CommandError, codeOf, isError, messageOf } from '../errors.ts';
import { printable } from '../printable.ts';

/** Longest part of an answer's text, or of a Status' message, that an error shows. */
const LONGEST_BODY = 300;
const LONGEST_MESSAGE = 2_000;

/** The API server refused: its message, and the reason that programs decide by. */
export class ClusterError extends CommandError {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /**
   * The Status reason (`NotFound`, `Conflict`, `Forbidden`, …), or a
   * network code (`ECONNREFUSED`) without an answer.
   */
  readonly reason: string;
  /** The server's Retry-After, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    {
      status,
      reason,
      retryAfterMs,
      cause,
    }: { status: number; reason: string; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Reads a Status body; servers in between (proxies, load balancers) answer anything. */
export function errorFromAnswer(
  asked: string,
  { status, body, retryAfter }: { status: number; body: string; retryAfter?: string | undefined },
): ClusterError {
  let message = printable(body.trim(), LONGEST_BODY);
  let reason = '';
  try {
    const parsed = JSON.parse(body) as { message?: unknown; reason?: unknown };
    if (typeof parsed.message === 'string') message = printable(parsed.message, LONGEST_MESSAGE);
    if (typeof parsed.reason === 'string') reason = printable(parsed.reason, LONGEST_BODY);
  } catch {
    // Not a Status.
  }
  const seconds = retryAfter === undefined ? NaN : Number(retryAfter);
  return new ClusterError(
    `${asked}: ${status}${reason ? ` ${reason}` : ''}${message ? `: ${message}` : ''}`,
    {
      status,
      reason,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    },
  );
}

/** The connection failed before the request was sent. The message names what failed. */
export class WayError extends Error {
  /** A network code, or a word of ours. */
  readonly code: string;

  constructor(message: string, { code, cause }: { code: string; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * No answer at all, with the reason. The code hides in `cause` (`TypeError: fetch failed`). An error before
 * anything was sent, such as a login command's, keeps its own message.
 */
export function errorWithoutAnswer(asked: string, server: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const way = causesOf(error).find((cause) => cause instanceof WayError);
  const timedOut = isError(error) && error.name === 'TimeoutError';
  const reason = timedOut ? 'Timeout' : (codeOf(error) ?? 'Unknown');
  const because = timedOut ? 'no answer in time' : withoutAdvice(messageOf(causesOf(error).at(-1)));
  const message =
    way === undefined
      ? `${blame(server, reason)} (${asked}): ${because}${wayOut(reason)}`
      : `${way.message} (${asked})`;
  return new ClusterError(message, { status: 0, reason, cause: error });
}

/** Newer Nodes (seen in 26.10) name a flag of theirs for untrusted certificates; `wayOut` names ours. */
const withoutAdvice = (message: string): string =>
  message.replace(/; if the root CA is installed locally, try running Node\.js with --use-system-ca$/, '');

function blame(server: string, reason: string): string {
  if (UNRESOLVED.includes(reason)) return `The name of the API server at ${server} cannot be looked up`;
  if (isDistrust(reason)) return `The certificate of the API server at ${server} is not trusted`;
  if (isNoTls(reason)) return `There is no TLS connection to the API server at ${server}`;
  if (reason.startsWith('HPE_')) return `What answers at ${server} is no API server`;
  if (OUR_LIMITS.includes(reason))
    return `This machine opens no further connection to the API server at ${server}`;
  return `The API server at ${server} does not answer`;
}

function wayOut(reason: string): string {
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ' (tls-server-name in the kubeconfig names another name)';
  return isDistrust(reason) ? ' (certificate-authority in the kubeconfig says whom to trust)' : '';
}

const UNRESOLVED = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'];
/** Files, ports and memory of this machine. */
const OUR_LIMITS = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const isDistrust = (reason: string): boolean =>
  reason === 'ERR_TLS_CERT_ALTNAME_INVALID' ||
  /^(CERT_|UNABLE_TO_)|SELF_SIGNED|^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/.test(
    reason,
  );

const isNoTls = (reason: string): boolean => reason === 'EPROTO' || reason.startsWith('ERR_SSL_');

/** The error, what caused it, what caused that, and so on. */
function causesOf(error: unknown): unknown[] {
  const all = [error];
  for (let at = error; isError(at) && isError(at.cause); at = at.cause) all.push(at.cause);
  return all;
}

/** Whether it may not be read (403), or the API server knows neither it nor its kind (404). */
export const isOutOfReach = (error: unknown): boolean =>
  error instanceof ClusterError && (error.status === 403 || error.status === 404);

export const isNotFound = (error: unknown): boolean =>
  error instanceof ClusterError && error.status === 404 && error.reason !== '';
export const isConflict = (error: unknown): boolean => error instanceof ClusterError && error.status === 409;

/** The state that was asked for is too old: a page of a list, or a place in a watch. */
export const isExpired = (error: unknown): boolean => error instanceof ClusterError && error.status === 410;

/**
 * Whether the request may have been carried out although no good
 * answer came back. Read the object before retrying.
 */
export const isAmbiguous = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.status === 0 ? !isUnsent(error.reason) : error.status >= 500 && error.status !== 501);

/** Whether a retry can help. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.status === 0 ? !isLocal(error.reason) : [408, 429, 500, 502, 503, 504].includes(error.status));

/** No connection was opened, so nothing was sent. */
const isUnsent = (reason: string): boolean =>
  reason === 'ECONNREFUSED' ||
  [...UNRESOLVED, ...OUR_LIMITS, 'ProxyRefused', 'Redirected'].includes(reason) ||
  isDistrust(reason) ||
  isNoTls(reason);

/**
 * A retry does not help against a bad certificate, name or proxy, nor
 * when this side has closed the connection.
 */
const isLocal = (reason: string): boolean =>
  isDistrust(reason) ||
  reason.startsWith('ERR_TLS') ||
  ['ENOTFOUND', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'ProxyRefused', 'Redirected'].includes(reason);
