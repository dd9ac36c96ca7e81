/** Errors a person can act on: one line with the fact and the way out. Their stack is never printed. */
import { types } from 'node:util';

/** The command failed; exit code 1. */
export class CommandError extends Error {
  readonly exitCode: number = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Wrong usage or bad input; exit code 2, and nothing was changed. */
export class UsageError extends CommandError {
  override readonly exitCode: number = 2;
}

/** SIGINT or SIGTERM; exit code 128 + the signal's number. */
export class InterruptedError extends CommandError {
  override readonly exitCode: number;
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/** Also for errors of another realm, which `instanceof` does not know (a vm context, a worker). */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/**
 * The message of whatever was thrown, with the causes that add
 * something: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`.
 */
export function messageOf(error: unknown): string {
  if (!isError(error)) return String(error);
  const own = error.message === '' ? (codeOf(error) ?? error.name) : error.message;
  if (error instanceof CommandError || error.cause === undefined) return own;
  const because = messageOf(error.cause);
  return own.includes(because) ? own : `${own}: ${because}`;
}

/**
 * The `code` (ECONNREFUSED, …) of an error or of the nearest cause
 * that has one. undici and fetch hide it in `cause`.
 */
export function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error; isError(at); at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return undefined;
}
