import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import type { Guard } from './guard.ts';

export interface ProcessSpec {
  command: string[];
  env: Record<string, string>;
  cwd: string;
  guard: Guard;
  stdin?: 'ignore' | 'pipe';
}

export interface ExitStatus {
  /** As a container runtime reports it: 128 + signal number when a signal ended it. */
  code: number;
  signal?: number;
}

/** Starts a program as the leader of a process group of its own, known to the guard. */
export function startProcess({ command, env, cwd, guard, stdin = 'ignore' }: ProcessSpec): ChildProcess {
  const [program = '', ...args] = command;
  // `node` means the Node that runs the playground: the one thing
  // every pod of this project needs is surely there.
  const executable = program === 'node' ? process.execPath : program;
  const child = spawn(executable, args, {
    cwd,
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: searchPath(), ...env, ...guard.env },
  });
  guard.watch(child);
  return child;
}

/** The machine's PATH, as an image would bring its own. */
function searchPath(): string {
  return [path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter);
}

/**
 * Resolves when the process has ended. The other processes of its group are killed, as a container's
 * processes end with PID 1.
 */
export async function exited(child: ChildProcess): Promise<ExitStatus> {
  const status = await new Promise<ExitStatus>((resolve) => {
    child.once('error', () => resolve({ code: 128 }));
    child.once('exit', (code, signal) => {
      const number = signal === null ? undefined : constants.signals[signal];
      resolve(number === undefined ? { code: code ?? 0 } : { code: 128 + number, signal: number });
    });
  });
  killGroup(child);
  return status;
}

/** SIGKILL to every process of the group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody left.
  }
}
