/** The sum of many seeds: for people and for programs. */
import { formatDuration } from '../../scripts/shared/duration.ts';
import type { Result } from './run-seeds.ts';

export interface SimulationDocument {
  seeds: number;
  from: number;
  violations: { seed: number; what: string }[];
  /** How the runs of the switch ended, and how often. */
  ends: Record<string, number>;
  requests: number;
  /** Virtual time, in milliseconds. */
  simulatedMs: number;
  tookMs: number;
}

export interface Tally {
  add(result: Result): void;
  hasViolations(): boolean;
  document(tookMs: number): SimulationDocument;
  describe(tookMs: number): string;
}

/** More than so many seeds with violations are only counted. */
const MOST_NAMED = 20;

export function createTally(from: number, seeds: number): Tally {
  const failed: { seed: number; violations: readonly string[] }[] = [];
  const ends = new Map<string, number>();
  let requests = 0;
  let simulatedMs = 0;
  const count = (number: number) => number.toLocaleString('en-US');

  return {
    add(result) {
      if (result.violations.length > 0) failed.push(result);
      for (const end of result.ends) {
        const kind = end.startsWith('error') ? 'error' : end;
        ends.set(kind, (ends.get(kind) ?? 0) + 1);
      }
      requests += result.requests;
      simulatedMs += result.lastedMs;
    },
    hasViolations: () => failed.length > 0,
    document: (tookMs) => ({
      seeds,
      from,
      violations: failed
        .toSorted((a, b) => a.seed - b.seed)
        .flatMap(({ seed, violations }) => violations.map((what) => ({ seed, what }))),
      ends: Object.fromEntries(ends),
      requests,
      simulatedMs: Math.round(simulatedMs),
      tookMs: Math.round(tookMs),
    }),
    describe(tookMs) {
      const lines = failed
        .toSorted((a, b) => a.seed - b.seed)
        .slice(0, MOST_NAMED)
        .map(({ seed, violations }) => `✗ seed ${seed} ${violations[0] ?? ''}${more(violations.length - 1)}`);
      if (failed.length > MOST_NAMED) lines.push(`✗ and ${count(failed.length - MOST_NAMED)} seeds more`);
      const runs = [...ends]
        .toSorted(([, a], [, b]) => b - a)
        .map(([end, times]) => `${count(times)} ${end}`);
      const hours = (simulatedMs / 3_600_000).toFixed(1);
      lines.push(
        `${count(seeds)} ${seeds === 1 ? 'seed' : 'seeds'} from ${from}, ${count(failed.length)} with violations: ` +
          `${count(requests)} requests in ${hours} h of virtual time, in ${formatDuration(tookMs)}`,
        `Runs of the switch: ${runs.join(', ')}`,
      );
      const [first] = failed;
      if (first) lines.push(`Replay one: npm run simulate -- --seed ${first.seed} --verbose`);
      return lines.join('\n');
    },
  };
}

const more = (others: number) => (others > 0 ? ` (and ${others} more)` : '');
