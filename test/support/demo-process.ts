/** `npm run demo` as a process that can be interrupted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './root.ts';

export interface DemoProcess {
  /** What it has told on stderr. */
  said: () => string;
  /** Ctrl-C; resolves with its exit code and the signal that ended it. */
  interrupt: () => Promise<unknown>;
}

/** @param folder where its temporary files go */
export function startDemo(args: string[], folder: string): DemoProcess {
  const child = spawn(
    process.execPath,
    ['--import', './load-typescript.mjs', 'scripts/demo/main.ts', ...args],
    {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'exit');
  return {
    said: () => said,
    interrupt() {
      child.kill('SIGINT');
      return exited;
    },
  };
}
