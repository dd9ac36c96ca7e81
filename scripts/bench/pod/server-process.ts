import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { makeTempFolder } from '../../shared/own-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Event {
  msg: string;
  [field: string]: unknown;
}

/** A service under measurement: a process of its own, as in a pod. */
export interface ServerProcess {
  port: number;
  /** 0: it has none. */
  adminPort: number;
  kill(signal: NodeJS.Signals): void;
  /**
   * CPU time of the thread that serves, so far; undefined where the system does not tell (only Linux does).
   */
  cpuMs(): number | undefined;
  /** What it logged last, such as its own account. */
  exited: Promise<{ code: number | null; last: Event | undefined }>;
}

/**
 * Bundles programs, each a folder of this repository with a main.ts,
 * into a folder of its own, removed by `close`.
 */
export interface ServerPrograms {
  start(program: string, env?: Record<string, string>, nodeFlags?: string[]): Promise<ServerProcess>;
  /** Kills what still runs. */
  close(): Promise<void>;
}

export function createServerPrograms(): ServerPrograms {
  const folder = makeTempFolder('coffee-bench-');
  const bundles = new Map<string, string>();
  const running = new Map<ChildProcess, Promise<unknown>>();
  // Also when the run breaks off: servers outlive nobody.
  const killAll = (): void => {
    for (const child of running.keys()) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', killAll);

  const bundled = (program: string): string => {
    const known = bundles.get(program);
    if (known !== undefined) return known;
    const outfile = path.join(folder, `${bundles.size}.cjs`);
    buildSync({
      entryPoints: [path.join(root, program, 'main.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile,
      logLevel: 'error',
    });
    bundles.set(program, outfile);
    return outfile;
  };

  return {
    async start(program, env = {}, nodeFlags = []) {
      const child = spawn(process.execPath, [...nodeFlags, bundled(program)], {
        env: {
          NODE_ENV: 'production',
          HOST: '127.0.0.1',
          PORT: '0',
          ADMIN_PORT: '0',
          VERSION: 'v1',
          POD_NAME: 'bench',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let last: Event | undefined;
      let rest = '';
      let heard: (event: Event) => void = () => undefined;
      const listening = new Promise<Event>((resolve, reject) => {
        heard = (event) => {
          if (event.msg === 'listening') resolve(event);
        };
        child.once('close', () => {
          reject(new Error(`${program} ended before it listened`));
        });
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          last = JSON.parse(line) as Event;
          heard(last);
        }
      });
      const exited = new Promise<{ code: number | null; last: Event | undefined }>((resolve) => {
        child.once('close', (code) => {
          running.delete(child);
          resolve({ code, last });
        });
      });
      running.set(child, exited);
      const { port, adminPort } = await listening;
      return {
        port: Number(port),
        adminPort: Number(adminPort ?? 0),
        kill: (signal) => void child.kill(signal),
        cpuMs: () => cpuMsOf(child.pid ?? 0),
        exited,
      };
    },
    async close() {
      const ends = [...running.values()];
      killAll();
      process.off('exit', killAll);
      await Promise.all(ends);
    },
  };
}

/** https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat: of one thread, in nanoseconds. */
function cpuMsOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}
