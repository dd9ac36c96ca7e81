/** Commands as somebody types them in a folder, with nothing of the test that runs them. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { sourceFiles } from '../../../../scripts/new/source-files.ts';

export interface Ended {
  code: number | string | null;
  stdout: string;
  stderr: string;
  ms: number;
}

const outside = /^(JEST_|NODE_ENV$|NODE_OPTIONS$|npm_|KUBECONFIG$)/;

export function cleanEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !outside.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

/** Starts a command line in a shell; `ended` resolves when nobody holds its output any more. */
export function start(
  line: string,
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): { child: ChildProcess; said: () => string; ended: Promise<Ended> } {
  const options: SpawnOptions = {
    cwd,
    env: cleanEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  };
  const began = performance.now();
  const child = spawn('bash', ['-c', `exec ${line}`], options);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code: signal ?? code, stdout, stderr, ms: performance.now() - began }),
    );
  });
  return { child, said: () => stdout + stderr, ended };
}

/** Runs a command line to its end. Rejects with all that it said unless it ends with 0. */
export async function run(
  line: string,
  where: { cwd: string; env?: Record<string, string> },
): Promise<Ended> {
  const { child, ended } = start(line, where);
  child.stdin?.end();
  const result = await ended;
  if (result.code !== 0)
    throw new Error(`${line}\nended with ${String(result.code)}:\n${result.stdout}\n${result.stderr}`);
  return result;
}

/** This repository as somebody clones it, with what is not committed yet. */
export function copySource(root: string, folder: string): void {
  for (const file of sourceFiles(root)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(path.join(root, file), target);
  }
}
