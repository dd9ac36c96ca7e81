import { readdirSync, readFileSync } from 'node:fs';

export interface Sample {
  atMs: number;
  mb: number;
}

/** Resident memory of a playground's own processes in MB: the one with this id and its proxies; pods come and go. */
export function residentMb(pid: number): number {
  const own = [pid, ...childrenOf(pid).filter((child) => commandOf(child).includes('data-plane'))];
  return own.reduce((sum, one) => sum + residentOf(one), 0);
}

function residentOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kb ?? 0) / 1024;
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter(
      (name) =>
        read(`/proc/${name}/stat`)
          .replace(/^.*\) /, '')
          .split(' ')[1] === String(pid),
    )
    .map(Number);
}

const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** The slope of the line that fits best, in MB per hour. */
export function growthPerHour(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [time, size] = [mean(({ atMs }) => atMs), mean(({ mb }) => mb)];
  const covariance = mean(({ atMs, mb }) => (atMs - time) * (mb - size));
  const variance = mean(({ atMs }) => (atMs - time) ** 2);
  return variance === 0 ? 0 : (covariance / variance) * 3_600_000;
}
