/**
 * Two users of one machine, with real uids: the commands run as one of
 * them, the other one has been there before. Needs root.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './root.ts';

/** Numbers without an entry in the user database: nothing of a real user is touched. */
export const VICTIM = 54_321;
export const STRANGER = 54_322;

export interface SharedMachine {
  /** The temp folder of both: everybody may write, the sticky bit is set. */
  temp: string;
  /** A folder of the victim alone. */
  home: string;
  /** The victim's surroundings. */
  env: NodeJS.ProcessEnv;
  remove(): void;
}

export interface Command {
  child: ChildProcessWithoutNullStreams;
  pid: number;
  /** Until now it waits: its number is known before it does anything. */
  begin(): void;
  /** Everything it has written. */
  output(): { stdout: string; stderr: string };
  ended: Promise<number | null>;
}

/** Why the two cannot be played here; undefined when they can. */
export function whyNoTwoUsers(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to be two other users';
  return succeedsAs(VICTIM, `require('fs').readdirSync(${JSON.stringify(root)})`)
    ? undefined
    : 'needs a checkout that other users can read';
}

export function shareMachine(): SharedMachine {
  const temp = mkdtempSync(path.join(tmpdir(), 'two-users-'));
  chmodSync(temp, 0o1777);
  const home = mkdtempSync(path.join(temp, 'home-'));
  chownSync(home, VICTIM, VICTIM);
  return {
    temp,
    home,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: temp },
    remove: () => rmSync(temp, { recursive: true, force: true }),
  };
}

/** `npm run NAME -- ARGS` without npm: what package.json says, by a shell. */
export function startAs(
  uid: number,
  name: string,
  args: string[],
  { env }: { env: NodeJS.ProcessEnv },
): Command {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const child = spawn('sh', ['-c', `read go; exec ${String(scripts[name])} "$@"`, 'sh', ...args], {
    cwd: root,
    env,
    uid,
    gid: uid,
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  return {
    child,
    pid: child.pid ?? 0,
    begin: () => void child.stdin.end('go\n'),
    output: () => said,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

/** The same from start to end. */
export async function runAs(...[uid, name, args, surroundings]: Parameters<typeof startAs>): Promise<{
  code: number | null;
  stdout: string;
  stderr: string;
}> {
  const command = startAs(uid, name, args, surroundings);
  command.begin();
  const code = await command.ended;
  return { code, ...command.output() };
}

/** Runs JavaScript as a user. */
export function doAs(uid: number, program: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    uid,
    gid: uid,
    encoding: 'utf8',
    cwd: '/',
  });
  if (status !== 0) throw new Error(`as uid ${uid}: ${stderr}`);
  return stdout;
}

function succeedsAs(uid: number, program: string): boolean {
  return spawnSync(process.execPath, ['-e', program], { uid, gid: uid, cwd: '/' }).status === 0;
}
