import { readdirSync, readFileSync } from 'node:fs';

/** One process of a playground. */
export interface Part {
  /**
   * `playground` (API server, controllers, kubelet and istiod), `proxies`, `pod NAME`, or the program's name.
   */
  name: string;
  pid: number;
  /** Resident memory. */
  mb: number;
}

/**
 * The playground with this id and every process below it, in the order
 * they were started. On Linux, where /proc tells.
 */
export function partsOf(pid: number): Part[] {
  const below = descendantsOf(pid).sort((a, b) => a - b);
  return [
    { name: 'playground', pid, mb: residentOf(pid) },
    ...below.map((child) => ({ name: nameOf(child), pid: child, mb: residentOf(child) })),
    // It ended meanwhile.
  ].filter(({ mb }) => mb > 0);
}

/**
 * Resident memory of a playground's own processes in MB: the one with
 * this id and its proxies; pods come and go.
 */
export const residentMb = (pid: number): number => ownMb(partsOf(pid));

/** What the playground's own parts among these hold, in MB. */
export const ownMb = (parts: readonly Part[]): number =>
  parts.filter(({ name }) => isOwn(name)).reduce((sum, { mb }) => sum + mb, 0);

/** Whether a part is the playground's own, and not a pod that it runs. */
export const isOwn = (name: string): boolean => name === 'playground' || name === 'proxies';

function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`).split('\0');
  if (command.some((word) => word.includes('data-plane'))) return 'proxies';
  if (command.some((word) => word.endsWith('guard.sh'))) return 'guard';
  const pod = /(?:^|\0)POD_NAME=([^\0]*)/.exec(read(`/proc/${pid}/environ`))?.[1];
  if (pod !== undefined) return `pod ${pod}`;
  return read(`/proc/${pid}/comm`).trim();
}

/** Resident memory of one process in MB; 0 when it is not there. */
export function residentOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kb ?? 0) / 1024;
}

function descendantsOf(pid: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)]),
  );
  const below = (parent: number): number[] =>
    [...parents].filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

// Behind the program's name, which may hold blanks and brackets: state, then parent.
const parentOf = (pid: string): number =>
  Number(
    read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')[1],
  );

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
