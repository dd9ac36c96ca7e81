import { UsageError } from './errors.ts';

/**
 * Longest timer: Node's count in 32 bits, and a longer one fires at once.
 * https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

const UNITS: Record<string, number> = { ns: 0.000_001, us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Parses `500ms`, `12s`, `1.5s`, `2m`, `1m30s` into milliseconds. A number without a unit is refused (except
 * `0`), and so is a duration too long for a timer.
 */
export function parseDuration(text: string, what = 'the duration'): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/gy)];
  const read = parts.map(([whole]) => whole).join('');
  if (parts.length === 0 || read !== text) {
    throw new UsageError(`${what} must be a duration such as 500ms, 12s or 2m, got "${text}".`);
  }
  const ms = parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNITS[unit ?? ''] ?? 0), 0);
  if (ms > LONGEST_TIMER_MS) throw new UsageError(`${what} must be at most 24 days (596h), got "${text}".`);
  return ms;
}

/** `87 ms`, `1.2 s`, `2 min 5 s`: for people. */
export function formatDuration(exactMs: number): string {
  const ms = Math.round(exactMs);
  if (ms < 1000) return `${String(ms)} ms`;
  if (ms < 60_000) {
    const seconds = ms / 1000;
    return `${seconds < 10 ? seconds.toFixed(1).replace(/\.0$/, '') : seconds.toFixed(0)} s`;
  }
  const minutes = Math.floor(ms / 60_000);
  const rest = Math.round((ms % 60_000) / 1000);
  return rest === 0 ? `${String(minutes)} min` : `${String(minutes)} min ${String(rest)} s`;
}
