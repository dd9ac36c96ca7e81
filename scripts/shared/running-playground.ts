/** Where a running playground leaves word for the other commands: one small file per user in the system's temp folder. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

export interface RunningPlayground {
  pid: number;
  /** Path of the playground's kubeconfig. */
  kubeconfig: string;
  gatewayUrl: string;
  serviceUrl: string;
  /** Where `npm run playground -- ctl` acts on it. */
  controlUrl?: string;
}

export function runningPlaygroundFile(folder = tmpdir()): string {
  return path.join(
    folder,
    `zero-downtime-coffee-shop-playground-${String(process.getuid?.() ?? userInfo().username)}.json`,
  );
}

/** The playground that runs now, or undefined. A file left by one that died does not count. */
export function findRunningPlayground(file = runningPlaygroundFile()): RunningPlayground | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const found = parse(text);
  return found !== undefined && isAlive(found.pid) ? found : undefined;
}

/** Written in full before it is seen: a reader never meets half a file. */
export function announcePlayground(playground: RunningPlayground, file = runningPlaygroundFile()): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${String(process.pid)}`;
  writeFileSync(draft, JSON.stringify(playground, null, 2), { mode: 0o600 });
  renameSync(draft, file);
}

/** Takes the word back, unless another playground has written its own since. */
export function withdrawPlayground(pid: number, file = runningPlaygroundFile()): void {
  try {
    if (parse(readFileSync(file, 'utf8'))?.pid === pid) rmSync(file, { force: true });
  } catch {
    // Nothing there: nothing to take back.
  }
}

function parse(text: string): RunningPlayground | undefined {
  try {
    const value = JSON.parse(text) as Partial<RunningPlayground>;
    return typeof value.pid === 'number' && typeof value.kubeconfig === 'string'
      ? (value as RunningPlayground)
      : undefined;
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
