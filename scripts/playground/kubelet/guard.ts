import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Ensures that no process or file of the playground outlives it, not even after SIGKILL. */
export interface Guard {
  /**
   * Must be in the environment of every child process: the guard finds by it the children that were not
   * registered in time.
   */
  readonly env: { PLAYGROUND_RUN: string };
  /** Registers a process started with `detached: true` (it leads a group of its own) until it exits. */
  watch(child: ChildProcess): void;
  /** Names a file outside of the state folder that is removed with the playground. */
  alsoRemove(file: string): void;
  /** Names a folder that is removed with the playground if it is empty. */
  alsoRemoveEmpty(folder: string): void;
  /**
   * Removes the state folder and ends the guard; registered processes
   * that still live are killed. Resolves when it is done.
   */
  close(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./guard.sh', import.meta.url));

/**
 * Starts the reaper: a shell of about 1 MB in a session of its own, so
 * that Ctrl-C and the end of a terminal do not reach it.
 * @param stateDir removed when the playground is gone.
 */
export function startGuard({ stateDir, run = randomUUID() }: { stateDir: string; run?: string }): Guard {
  const watched = new Set<number>();
  const removed = [stateDir];
  let shared: string | undefined;
  let closing = false;
  let reaper = startReaper();

  function startReaper(): ChildProcess {
    const child = spawn('sh', [SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    child.unref();
    child.stdin.on('error', () => undefined);
    (child.stdin as unknown as Socket).unref();
    const lines = [
      `run ${run}`,
      ...removed.map((one) => `dir ${one}`),
      ...(shared === undefined ? [] : [`shared ${shared}`]),
      ...[...watched].map((pid) => `+ ${pid}`),
    ];
    child.stdin.write(`${lines.join('\n')}\n`);
    child.on('exit', () => {
      // The reaper was killed: start another, since a playground without one would leave orphans.
      if (!closing) reaper = startReaper();
    });
    return child;
  }

  return {
    env: { PLAYGROUND_RUN: run },
    watch(child) {
      const { pid } = child;
      if (pid === undefined) return;
      watched.add(pid);
      reaper.stdin?.write(`+ ${pid}\n`);
      child.once('exit', () => {
        watched.delete(pid);
        reaper.stdin?.write(`- ${pid}\n`);
      });
    },
    alsoRemove(file) {
      removed.push(file);
      reaper.stdin?.write(`dir ${file}\n`);
    },
    alsoRemoveEmpty(folder) {
      shared = folder;
      reaper.stdin?.write(`shared ${folder}\n`);
    },
    async close() {
      closing = true;
      // Everything left is registered: no need to search the whole machine.
      reaper.stdin?.write('run\n');
      const gone = new Promise<void>((resolve) => {
        if (reaper.exitCode !== null) resolve();
        reaper.once('exit', () => resolve());
      });
      reaper.ref();
      reaper.stdin?.end();
      await gone;
    },
  };
}
