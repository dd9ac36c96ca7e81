/**
 * The live page of this playground: a program of its own beside it,
 * which gets the kubeconfig and the control's address, and nothing else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CommandError, UsageError } from '../shared/errors.ts';
import { loadTypeScript } from '../shared/load-typescript.ts';
import type { RunningPlayground } from '../shared/running-playground.ts';

const PROGRAM = fileURLToPath(new URL('../demo/live/main.ts', import.meta.url));
/** How long it may take to end the load and the switch that it started. */
const CLOSE_MS = 20_000;

export interface LivePage {
  /** On this machine alone, with the secret that opens it. */
  url: string;
  close(): Promise<void>;
}

/** @throws UsageError where the repository has no such program */
export function verifyLivePage(): void {
  if (!existsSync(PROGRAM))
    throw new UsageError('--live shows what scripts/demo draws, and there is no scripts/demo here.');
}

/**
 * Starts the page and waits until it serves. If it ends before, rejects with its output.
 * @param onEnd called when the page ends without having been closed
 */
export async function openLivePage(
  playground: RunningPlayground,
  onEnd: (error: Error) => void,
): Promise<LivePage> {
  // Detached: a Ctrl-C in the terminal is for the playground, which ends
  // this one. However that one ends: it ends with its standard input.
  const child = spawn(process.execPath, [...loadTypeScript, PROGRAM], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)));
  child.stdin.on('error', () => undefined);
  // Not on its command line: that would show the control's secret to every user of the machine.
  child.stdin.write(`${JSON.stringify(playground)}\n`);
  const exited = once(child, 'close');
  const ended = exited.then(([code, signal]: unknown[]) => {
    throw new CommandError(`The live page has ended (${String(code ?? signal)}): ${said.trim()}`);
  });
  const line = new Promise<string>((resolve) => {
    createInterface(child.stdout).once('line', resolve);
  });
  const { url } = JSON.parse(await Promise.race([line, ended])) as { url: string };
  let isClosed = false;
  ended.catch((error: unknown) => {
    if (!isClosed) onEnd(error as Error);
  });
  return {
    url,
    async close() {
      isClosed = true;
      child.stdin.end();
      const tooLong = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
      await exited.catch(() => undefined);
      clearTimeout(tooLong);
    },
  };
}
