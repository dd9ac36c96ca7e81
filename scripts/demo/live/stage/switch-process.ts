import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from '../../../shared/load-typescript.ts';
import { makeTempFolder } from '../../../shared/own-folder.ts';
import type { SwitchResult } from '../../../switch/index.ts';
import { followJournal, type JournalEvent } from './follow-journal.ts';

export interface SwitchProcess {
  /** How it ended: its result, or the signal that ended it. */
  readonly ended: Promise<{ result: SwitchResult | undefined; signal: NodeJS.Signals | null; said: string }>;
  kill(): void;
}

const program = fileURLToPath(new URL('../../../switch/main.ts', import.meta.url));

/** Ends the program when its parent is gone, even by SIGKILL: its standard input ends then. */
const endWithParent = `data:text/javascript,process.stdin.on('end',()=>process.kill(process.pid,'SIGKILL')).resume()`;

/**
 * `npm run switch` in a process of its own, with nothing but the flags a
 * person would give: it can be killed, and the next run continues the switch.
 *
 * @param args its command line, without the journal's flag
 * @param tell called for each line of its journal
 */
export function startSwitch(args: string[], tell: (event: JournalEvent) => void): SwitchProcess {
  const folder = makeTempFolder('coffee-shop-stage-');
  const journal = path.join(folder, 'journal');
  const child = spawn(
    process.execPath,
    ['--import', endWithParent, ...loadTypeScript, program, ...args, '--json', '--journal', journal],
    // A group of its own: a Ctrl-C in the terminal reaches the playground, which ends this process.
    { cwd: path.dirname(program), stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  child.stdin.on('error', () => undefined);
  let output = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)));
  const closed = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_code, signal) => resolve(signal));
  });
  const follow = async () => {
    try {
      await followJournal(journal, tell, closed);
      const signal = await closed;
      const result = output.trim() === '' ? undefined : (JSON.parse(output) as SwitchResult);
      return { result, signal, said: said.trim().split('\n').at(-1) ?? '' };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return { ended: follow(), kill: () => void child.kill('SIGKILL') };
}
