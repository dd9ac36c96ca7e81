/** Where each running playground leaves word for the other commands: small files per process in the folder of this user alone. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './errors.ts';
import { closeOwnFolder, readOwnFile, whyNotOwn, writeOwnFile } from './own-folder.ts';
import {
  isLoopback,
  readPlaygroundKubeconfig,
  renderPlaygroundKubeconfig,
  type PlaygroundAccess,
} from './playground-kubeconfig.ts';

export interface RunningPlayground {
  pid: number;
  /** Path of the playground's kubeconfig. */
  kubeconfig: string;
  /** What the kubeconfig says, where it has been read and judged already: its path is not to be opened again. */
  kubeconfigText?: string;
  gatewayUrl: string;
  serviceUrl: string;
  /** Where `npm run playground -- ctl` acts on it. */
  controlUrl?: string;
}

const nameOf = (pid: number): string => `playground-${pid}.json`;
const kubeconfigNameOf = (pid: number): string => `playground-${pid}.kubeconfig`;

/** The file of the playground with this process id. */
export function runningPlaygroundFile(pid: number, folder: string): string {
  return path.join(folder, nameOf(pid));
}

/** Every file that the playground with this process id leaves. */
export function runningPlaygroundFiles(pid: number, folder: string): string[] {
  return [nameOf(pid), kubeconfigNameOf(pid)].map((name) => path.join(folder, name));
}

/**
 * Every playground of this user that runs now. Files left by those that died do not count and are removed.
 * @param folder as `ownFolder` names it; one that is not this user's alone is left untouched, and nothing in it counts
 */
export function findRunningPlaygrounds(folder: string): RunningPlayground[] {
  if (!existsSync(folder) || whyNotOwn(folder) !== undefined) return [];
  return readdirSync(folder)
    .flatMap((name) => /^playground-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .flatMap((pid) => {
      const found = read(runningPlaygroundFile(Number(pid), folder));
      // A kubeconfig that is gone went with its playground, even if the number belongs to another process by now.
      if (found !== undefined && isAlive(found.pid) && existsSync(found.kubeconfig)) return [found];
      for (const file of runningPlaygroundFiles(Number(pid), folder)) rmSync(file, { force: true });
      return [];
    })
    .sort((a, b) => a.pid - b.pid);
}

/**
 * The playground that runs now, or undefined.
 * @throws UsageError when several do: none of them is meant more than the others
 */
export function findRunningPlayground(folder: string): RunningPlayground | undefined {
  const [first, ...others] = findRunningPlaygrounds(folder);
  if (others.length === 0 || first === undefined) return first;
  const all = [first, ...others].map(({ pid, kubeconfig }) => `process ${pid} (--kubeconfig ${kubeconfig})`);
  throw new UsageError(`${all.length} playgrounds are running: ${all.join(', ')}. Say which one is meant.`);
}

/**
 * The playground that runs now as a cluster to connect to, by the kubeconfig that it left beside its word: read once, and taken only when it holds
 * a loopback server and a token.
 * @throws UsageError when that kubeconfig is missing or holds anything else
 */
export function findPlaygroundCluster(folder: string): RunningPlayground | undefined {
  const running = findRunningPlayground(folder);
  if (running === undefined) return undefined;
  const file = path.join(folder, kubeconfigNameOf(running.pid));
  const access = readPlaygroundKubeconfig(readOwnFile(file) ?? '');
  if (access === undefined) {
    throw new UsageError(
      `${file} is not what the playground (process ${running.pid}) wrote: a loopback server and a token. It is not used. Name the cluster with --kubeconfig ${running.kubeconfig}.`,
    );
  }
  return { ...running, kubeconfig: file, kubeconfigText: renderPlaygroundKubeconfig(access) };
}

/**
 * Leaves word of a playground, and the way into it.
 * @throws CommandError when the folder is not this user's alone or cannot be written
 */
export function announcePlayground(
  playground: RunningPlayground,
  folder: string,
  access?: PlaygroundAccess,
): void {
  const { pid } = playground;
  // First: whoever finds the word finds the way in.
  if (access !== undefined) writeOwnFile(folder, kubeconfigNameOf(pid), renderPlaygroundKubeconfig(access));
  writeOwnFile(folder, nameOf(pid), JSON.stringify(playground, null, 2));
}

/** Takes the word back. */
export function withdrawPlayground(pid: number, folder: string): void {
  if (!existsSync(folder) || whyNotOwn(folder) !== undefined) return;
  for (const file of runningPlaygroundFiles(pid, folder)) rmSync(file, { force: true });
  closeOwnFolder(folder);
}

function read(file: string): RunningPlayground | undefined {
  try {
    const { controlUrl, ...value } = JSON.parse(readOwnFile(file) ?? '') as Partial<RunningPlayground>;
    if (typeof value.pid !== 'number' || typeof value.kubeconfig !== 'string') return undefined;
    const control = isLoopback(controlUrl, 'http:') ? { controlUrl } : {};
    return { ...(value as RunningPlayground), ...control };
  } catch {
    return undefined;
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
