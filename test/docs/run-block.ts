import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '../../scripts/shared/wait.ts';
import { freePort } from '../support/free-port.ts';
import { root, type CommandBlock } from './blocks.ts';
import { exceptionFor } from './exceptions.ts';
import { leftBehindFor, processesOf } from './left-behind.ts';
import { firstUnsaid } from './mask.ts';

interface Running {
  text: string;
  /** Lines of stdout and stderr, in the order in which they came. */
  said: () => string[];
  ended: Promise<number | string>;
  /** Ctrl-C. Throws when it had to be killed. */
  stop: () => Promise<void>;
}

/** What is installed stays: see exceptions. */
export const withoutInstall = (text: string): string => text.replace(/^npm ci && /, '');

/** Commands that stay until Ctrl-C. */
const stays = /\bnpm (start|run sidecar|run (-s )?playground)(?! -- ctl)/;

/**
 * Runs a block as its reader would: what belongs to an earlier terminal goes on meanwhile, the output of the
 * last command is compared. Everything ends with it, and its files lie in a folder that goes too. Throws with
 * what was said when that is not what the text says, and with what is still there when everything should be
 * gone; gives what was said in the background.
 */
export async function runBlock(
  block: CommandBlock,
  { cwd = root, patienceMs }: { cwd?: string; patienceMs?: number } = {},
): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'docs-test-'));
  const background: Running[] = [];
  const { env, rewrite } = await surroundings(folder);
  const start = (text: string): Running => startCommand(rewrite(text), { env, cwd });
  try {
    if (block.words.includes('playground') || block.words.includes('empty')) {
      const flags = block.words.includes('empty') ? ' --empty' : '';
      background.push(await inBackground(start(`npm run -s playground -- --json${flags}`)));
    }
    // An example without a service to ask: any version of it.
    if (block.words.includes('service')) background.push(await inBackground(start('VERSION=v1 npm start')));
    const commands = block.commands.map(({ text, terminal }) => ({
      text: withoutInstall(text),
      terminal,
    }));
    const lastTerminal = commands.at(-1)?.terminal;
    for (const [index, { text, terminal }] of commands.entries()) {
      if (exceptionFor(text) !== undefined) continue;
      const isLast = index === commands.length - 1;
      const running = start(text.replace('PORT', portOf(background)));
      if (terminal !== lastTerminal) background.push(await inBackground(running));
      else if (stays.test(text)) await untilSaid(running, isLast ? block.output : undefined);
      else await succeeds(running, isLast ? block.output : undefined);
    }
    for (const running of [...background].reverse()) await running.stop();
    const named = block.commands.map(({ text }) => text).join('\n');
    const left = await leftBehindFor(folder, named, patienceMs);
    if (left.length > 0) throw new Error(`Left behind:\n${left.join('\n')}`);
    return background.flatMap((running) => running.said());
  } finally {
    for (const running of background.reverse()) await running.stop();
    for (const { pid } of await processesOf(folder)) endForgotten(pid);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function endForgotten(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

/** Temp files and ports of its own: documents say 8080, and somebody may be there. */
async function surroundings(
  folder: string,
): Promise<{ env: NodeJS.ProcessEnv; rewrite: (text: string) => string }> {
  const ports = { 8080: await freePort(), 9090: await freePort(), 9091: await freePort() };
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: folder };
  // The reader has named no cluster.
  delete env['KUBECONFIG'];
  const rewrite = (text: string): string =>
    text
      .replaceAll(
        /\b(localhost|127\.0\.0\.1):(8080|9090|9091)\b/g,
        (_all, host: string, port: string) => `${host}:${ports[Number(port) as keyof typeof ports]}`,
      )
      .replace(/\bnpm start/, `PORT=${ports[8080]} ADMIN_PORT=${ports[9090]} npm start`)
      .replace(/\bnpm run sidecar/, `PORT=${ports[9091]} npm run sidecar`)
      .replace(/(--out|--fortio-json) /, `$1 ${folder}/`)
      .replace('=~/', `=${folder}/`)
      .replace(' ~/', ` ${folder}/`);
  return { env, rewrite };
}

function startCommand(text: string, { env, cwd }: { env: NodeJS.ProcessEnv; cwd: string }): Running {
  const child: ChildProcess = spawn('bash', ['-c', `exec 2>&1; ${text}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, so that Ctrl-C reaches all of it as in a terminal.
    detached: true,
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => (output += more));
  const ended = once(child, 'close').then(
    ([code, signal]: (number | string | null)[]) => code ?? signal ?? '',
  );
  const signalAll = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
    } catch {
      // Gone already.
    }
  };
  return {
    text,
    said: () => output.split('\n'),
    ended,
    async stop() {
      signalAll('SIGINT');
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), 20_000)));
      const isLate = await Promise.race([ended.then(() => false), patience]);
      clearTimeout(timer);
      if (!isLate) return;
      signalAll('SIGKILL');
      await ended;
      throw new Error(`${text}\ngoes on 20 s after Ctrl-C:\n${output}`);
    },
  };
}

/** A command of another terminal: goes on once it has said something, or simply goes on. */
async function inBackground(running: Running): Promise<Running> {
  if (stays.test(running.text)) {
    const ready = /is running|kubeconfig|"msg":"(ready|listening)"|^tea on/;
    await untilSeen(running, () => running.said().some((line) => ready.test(line)), 'it to be ready');
  } else if (/npm run load/.test(running.text)) {
    // Long enough for its first requests, which nothing on its output tells.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  return running;
}

async function untilSaid(running: Running, promised: string[] = []): Promise<void> {
  try {
    await inBackground(running);
    await untilSeen(
      running,
      () => firstUnsaid(promised, running.said()) === undefined,
      'what the text promises',
    );
  } finally {
    await running.stop();
  }
}

async function untilSeen(running: Running, condition: () => boolean, what: string): Promise<void> {
  let over = false;
  void running.ended.then(() => (over = true));
  await waitFor(() => condition() || over, {
    deadlineMs: 90_000,
    what: `${running.text}: ${what}`,
    lastSeen: () => running.said().join('\n'),
  });
  if (!condition()) throw new Error(`${running.text}\nended before ${what}:\n${running.said().join('\n')}`);
}

async function succeeds(running: Running, promised: string[] | undefined): Promise<void> {
  const code = await running.ended;
  const said = running.said();
  const isPromisedToFail = promised?.some((line) => /requests lost|error:|^ ✗ /.test(line)) ?? false;
  if (code !== (isPromisedToFail ? 1 : 0)) {
    throw new Error(`${running.text}\nended with ${code}:\n${said.join('\n')}`);
  }
  const unsaid = promised && firstUnsaid(promised, said);
  if (unsaid !== undefined)
    throw new Error(`${running.text}\ndid not say: ${unsaid}\nbut:\n${said.join('\n')}`);
}

/** The port of the address that the playground printed. */
function portOf(background: Running[]): string {
  const said = background.flatMap((running) => running.said()).join('\n');
  return /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? 'PORT';
}
