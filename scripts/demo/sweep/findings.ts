import { formatLag } from './lag.ts';
import type { RealCount, Scenario } from '../scenarios.ts';
import type { SweepPoint } from './sweep-state.ts';

/** The result of a sweep for one approach. */
export interface Finding {
  id: Scenario['id'];
  title: string;
  points: SweepPoint[];
  /** The shortest lag at which it lost; undefined when it lost at none. */
  breaksAtMs: number | undefined;
  /** The longest lag below that at which it lost nothing; undefined when there is none. */
  holdsAtMs: number | undefined;
  measured: string;
  expected: string;
  /** Losses on a real cluster, at the lags that were measured. */
  real: RealCount[];
  /** Differences between the two in words; empty when there is none. */
  differences: string[];
}

/** @param points of any approach, in any order; failed ones are ignored */
export function findingOf(
  { id, title, tolerance, because, onRealCluster }: Scenario,
  all: SweepPoint[],
): Finding {
  const points = all.filter((point) => point.id === id).sort((a, b) => a.lagMs - b.lagMs);
  const counted = points.filter(({ verdict }) => verdict !== 'failed');
  const lost = ({ account }: SweepPoint): number => account?.lost ?? 0;
  const breaksAtMs = counted.find((point) => lost(point) > 0)?.lagMs;
  const holdsAtMs = counted.findLast(
    (point) => lost(point) === 0 && point.lagMs < (breaksAtMs ?? Infinity),
  )?.lagMs;
  const { safeUpToMs, losesFromMs } = tolerance;
  const differences = counted.flatMap((point) => {
    const at = formatLag(point.lagMs);
    if (point.expected === 'none' && lost(point) > 0) {
      return [
        `lost ${lost(point)} at ${at}, expected none${safeUpToMs === Infinity ? '' : ` up to ${formatLag(safeUpToMs)}`}${busy(point)}`,
      ];
    }
    if (point.expected === 'some' && lost(point) === 0) {
      return [`lost nothing at ${at}, expected losses from ${formatLag(losesFromMs)} on`];
    }
    return [];
  });
  for (const { lagMs, lost: real, sent } of onRealCluster) {
    const point = counted.find((candidate) => candidate.lagMs === lagMs);
    if (!point || lost(point) > 0 === real.max > 0) continue;
    differences.push(
      `lost ${lost(point)} at ${formatLag(lagMs)}, the real cluster ${real.max === 0 ? 'none' : `${real.min} to ${real.max}`} of ${sent}${busy(point)}`,
    );
  }
  return {
    id,
    title,
    points,
    breaksAtMs,
    holdsAtMs,
    measured: describeMeasured(counted, breaksAtMs, holdsAtMs),
    expected: `${describeExpected(tolerance)} (${because})`,
    real: onRealCluster,
    differences,
  };
}

/** Releases lose by refusals, resets and 503s. A timeout of 15 s means a busy machine. */
function busy({ account }: SweepPoint): string {
  const timeouts = account?.byError.timeout ?? 0;
  return timeouts > (account?.lost ?? 0) / 2
    ? ' (mostly timeouts: this machine was too busy; run it again)'
    : '';
}

function describeMeasured(
  counted: SweepPoint[],
  breaksAtMs: number | undefined,
  holdsAtMs: number | undefined,
): string {
  const longest = counted.at(-1)?.lagMs;
  if (longest === undefined) return 'not measured';
  if (breaksAtMs === undefined) return `none lost up to ${formatLag(longest)}`;
  if (holdsAtMs === undefined) return `loses from ${formatLag(breaksAtMs)} on`;
  return `breaks between ${formatLag(holdsAtMs)} and ${formatLag(breaksAtMs)}`;
}

function describeExpected({ safeUpToMs, losesFromMs }: Scenario['tolerance']): string {
  if (safeUpToMs === Infinity) return 'never loses';
  if (safeUpToMs < 0) return 'loses at any lag';
  return `breaks between ${formatLag(safeUpToMs)} and ${formatLag(losesFromMs)}`;
}
