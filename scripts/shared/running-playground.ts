/** How commands find a running playground: small files per process in the private folder of this user. */
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
  /** The kubeconfig's text, where it has been read and validated already: its path is not opened again. */
  kubeconfigText?: string;
  gatewayUrl: string;
  serviceUrl: string;
  /** The URL of its control port, for `npm run playground -- ctl`. */
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
 * Every running playground of this user. Stale files of dead ones are removed.
 * @param folder as `ownFolder` names it; one that is not private to this user is ignored and left untouched
 */
export function findRunningPlaygrounds(folder: string): RunningPlayground[] {
  if (!existsSync(folder) || whyNotOwn(folder) !== undefined) return [];
  return readdirSync(folder)
    .flatMap((name) => /^playground-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .flatMap((pid) => {
      const found = read(runningPlaygroundFile(Number(pid), folder));
      // Without its kubeconfig the playground is gone, even if another process has its pid by now.
      if (found !== undefined && isAlive(found.pid) && existsSync(found.kubeconfig)) return [found];
      for (const file of runningPlaygroundFiles(Number(pid), folder)) rmSync(file, { force: true });
      return [];
    })
    .sort((a, b) => a.pid - b.pid);
}

/**
 * The running playground, or undefined.
 * @throws UsageError when several run: the choice would be a guess
 */
export function findRunningPlayground(folder: string): RunningPlayground | undefined {
  const [first, ...others] = findRunningPlaygrounds(folder);
  if (others.length === 0 || first === undefined) return first;
  const all = [first, ...others].map(({ pid, kubeconfig }) => `process ${pid} (--kubeconfig ${kubeconfig})`);
  throw new UsageError(`${all.length} playgrounds are running: ${all.join(', ')}. Say which one is meant.`);
}

/**
 * The running playground as a cluster to connect to. Its kubeconfig is read
 * once, and accepted only when it holds a loopback server and a token.
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
 * Announces a playground: writes its files.
 * @throws CommandError when the folder is not private to this user or cannot be written
 */
export function announcePlayground(
  playground: RunningPlayground,
  folder: string,
  access?: PlaygroundAccess,
): void {
  const { pid } = playground;
  // Write the kubeconfig first: whoever finds the announcement needs it.
  if (access !== undefined) writeOwnFile(folder, kubeconfigNameOf(pid), renderPlaygroundKubeconfig(access));
  writeOwnFile(folder, nameOf(pid), JSON.stringify(playground, null, 2));
}

/** Removes the announcement. */
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
