/** What an API server, or the way to it, can answer instead of an object. */
import { CommandError, codeOf, isError, messageOf } from '../errors.ts';
import { printable } from '../printable.ts';

/** What is told of an answer that is no Status, and of a Status' message. */
const LONGEST_BODY = 300;
const LONGEST_MESSAGE = 2_000;

/** The API server refused: its own words, and the reason programs decide by. */
export class ClusterError extends CommandError {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The Status reason (`NotFound`, `Conflict`, `Forbidden`, …), or a network code (`ECONNREFUSED`) without an answer. */
  readonly reason: string;
  /** How long the server asked to be left alone, in milliseconds. */
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

/** No answer at all: refused, reset, timed out. The code hides in `cause` (`TypeError: fetch failed`). */
export function errorWithoutAnswer(asked: string, server: string, error: unknown): ClusterError {
  const timedOut = isError(error) && error.name === 'TimeoutError';
  const reason = timedOut ? 'Timeout' : (codeOf(error) ?? 'Unknown');
  const because = timedOut ? 'no answer in time' : messageOf(deepest(error));
  return new ClusterError(`The API server at ${server} does not answer (${asked}): ${because}`, {
    status: 0,
    reason,
    cause: error,
  });
}

function deepest(error: unknown): unknown {
  let at = error;
  while (isError(at) && isError(at.cause)) at = at.cause;
  return at;
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof ClusterError && error.status === 404 && error.reason !== '';
export const isConflict = (error: unknown): boolean => error instanceof ClusterError && error.status === 409;

/** The state that was asked for is too old: a page of a list, or a place in a watch. */
export const isExpired = (error: unknown): boolean => error instanceof ClusterError && error.status === 410;

/** Whether the request may have been carried out although no good answer came back. Look again before repeating it. */
export const isAmbiguous = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.status === 0 ? error.reason !== 'ECONNREFUSED' : error.status >= 500 && error.status !== 501);

/** Whether asking again can help. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.status === 0 ? !isLocal(error.reason) : [408, 429, 500, 502, 503, 504].includes(error.status));

/** A certificate or a name will not become right by asking again, and a connection that this side has closed stays closed. */
const isLocal = (reason: string): boolean =>
  reason.startsWith('CERT_') ||
  reason.startsWith('ERR_TLS') ||
  reason.includes('SELF_SIGNED') ||
  ['ENOTFOUND', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'].includes(reason);
