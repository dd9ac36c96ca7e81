/** Where each running playground leaves word for the other commands: one small file per process in the system's temp folder. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { UsageError } from './errors.ts';

export interface RunningPlayground {
  pid: number;
  /** Path of the playground's kubeconfig. */
  kubeconfig: string;
  gatewayUrl: string;
  serviceUrl: string;
  /** Where `npm run playground -- ctl` acts on it. */
  controlUrl?: string;
}

const prefix = (): string =>
  `zero-downtime-coffee-shop-playground-${String(process.getuid?.() ?? userInfo().username)}-`;

/** The file of the playground with this process id. */
export function runningPlaygroundFile(pid: number, folder = tmpdir()): string {
  return path.join(folder, `${prefix()}${pid}.json`);
}

/** Every playground of this user that runs now. Files left by those that died do not count and are removed. */
export function findRunningPlaygrounds(folder = tmpdir()): RunningPlayground[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files
    .filter((name) => name.startsWith(prefix()) && name.endsWith('.json'))
    .flatMap((name) => {
      const file = path.join(folder, name);
      const found = read(file);
      // A kubeconfig that is gone went with its playground, even if the number belongs to another process by now.
      if (found !== undefined && isAlive(found.pid) && existsSync(found.kubeconfig)) return [found];
      if (isMine(file)) rmSync(file, { force: true });
      return [];
    })
    .sort((a, b) => a.pid - b.pid);
}

/**
 * The playground that runs now, or undefined.
 * @throws UsageError when several do: none of them is meant more than the others
 */
export function findRunningPlayground(folder = tmpdir()): RunningPlayground | undefined {
  const [first, ...others] = findRunningPlaygrounds(folder);
  if (others.length === 0 || first === undefined) return first;
  const all = [first, ...others].map(({ pid, kubeconfig }) => `process ${pid} (--kubeconfig ${kubeconfig})`);
  throw new UsageError(`${all.length} playgrounds are running: ${all.join(', ')}. Say which one is meant.`);
}

/** Written in full before it is seen: a reader never meets half a file. */
export function announcePlayground(playground: RunningPlayground, folder = tmpdir()): void {
  mkdirSync(folder, { recursive: true });
  const file = runningPlaygroundFile(playground.pid, folder);
  writeFileSync(`${file}.draft`, JSON.stringify(playground, null, 2), { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

/** Takes the word back. */
export function withdrawPlayground(pid: number, folder = tmpdir()): void {
  rmSync(runningPlaygroundFile(pid, folder), { force: true });
}

/** What another user wrote into the shared folder says nothing. */
function read(file: string): RunningPlayground | undefined {
  try {
    if (!isMine(file)) return undefined;
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunningPlayground>;
    return typeof value.pid === 'number' && typeof value.kubeconfig === 'string'
      ? (value as RunningPlayground)
      : undefined;
  } catch {
    return undefined;
  }
}

function isMine(file: string): boolean {
  try {
    return process.getuid === undefined || statSync(file).uid === process.getuid();
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
