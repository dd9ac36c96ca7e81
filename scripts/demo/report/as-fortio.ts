import type { Account } from '../../load/index.ts';

/** The same run as Fortio would have counted it. */
export interface FortioCount {
  /** Whole answers, and what it would show as code -1. */
  codes: { code: string; n: number }[];
  /** Losses that it would hide: it retries these requests once, on a new connection. */
  hidden: number;
  /** The fewest errors it could report (every retry answered) and the most (none). */
  errors: { min: number; max: number };
}

/**
 * Fortio silently retries a request when a kept-alive connection turns out dead before
 * a byte of an answer came (fhttp/http_client.go, `RetryOnce`), and counts any status
 * but 2xx as an error. The result of such a retry is not known here: hence a range.
 */
export function countAsFortio({ byStatus, byError, onDeadConnection }: Account): FortioCount {
  const statuses = Object.entries(byStatus).map(([code, n]) => ({ code, n }));
  const badStatus = statuses.filter(({ code }) => !/^2\d\d$/.test(code)).reduce((sum, { n }) => sum + n, 0);
  const broken = Object.values(byError).reduce((sum, n) => sum + n, 0);
  const max = badStatus + broken;
  return {
    codes: statuses,
    hidden: onDeadConnection,
    errors: { min: max - onDeadConnection, max },
  };
}

/** One sentence for the report. */
export function describeFortio(account: Account): string {
  const { hidden, errors } = countAsFortio(account);
  const n = (value: number): string => value.toLocaleString('en-US');
  if (account.lost === 0 && errors.max === 0) return 'Fortio would have counted the same: no errors.';
  if (hidden === 0) {
    return `Fortio would have counted the same ${n(errors.max)} errors: none of these requests met a dead connection, so its one hidden retry would not have come into play.`;
  }
  return `Fortio would have reported from ${n(errors.min)} to ${n(errors.max)} errors: ${n(hidden)} of the ${n(account.lost)} lost requests met a kept-alive connection that was dead, and those it sends again, once, and counts by the second try alone.`;
}
