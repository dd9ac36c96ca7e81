import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Condition } from './conditions.ts';
import { root } from './bundle-commands.ts';

/** In no user database. */
const NAMELESS = 54_321;

/** Takes the place of a user id without a name where this test may not become another user. */
const namelessHere = `--import data:text/javascript,${encodeURIComponent(
  `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
   const fail = (what) => () => { throw Object.assign(new Error('A system error occurred: ' + what + ' returned ENOENT (no such file or directory)'), { code: 'ERR_SYSTEM_ERROR' }); };
   os.userInfo = fail('uv_os_get_passwd'); os.homedir = fail('uv_os_homedir'); syncBuiltinESMExports();`,
)}`;

export interface Ended {
  /** Exit code, or the name of the signal. */
  code: number | NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Cell {
  /** A command line for a POSIX shell. */
  line: string;
  env?: Record<string, string>;
  /** For a command that stays: resolves when `signal` may be sent. */
  untilReady?: ((running: Running) => Promise<void>) | undefined;
  signal?: NodeJS.Signals | undefined;
}

export interface Running {
  /** Its temp folder. */
  temp: string;
  env: Record<string, string>;
}

/** Runs a command under a condition, as a process of a shell. */
export async function runCell(
  { line, env = {}, untilReady, signal = 'SIGINT' }: Cell,
  condition: Condition,
): Promise<Ended> {
  const folder = mkdtempSync(path.join(tmpdir(), 'conditions-'));
  const grown = path.join(folder, 'grown');
  writeFileSync(grown, 'x'.repeat(500));
  chmodSync(grown, 0o666);
  const temp = mkdtempSync(path.join(folder, 'temp-'));
  chmodSync(folder, 0o777);
  chmodSync(temp, { 'read-only': 0o555, shared: 0o1777, own: 0o700 }[condition.temp ?? 'own']);
  const isRoot = process.getuid?.() === 0;
  // root may write everywhere.
  const becomesAnother = isRoot && (condition.nameless === true || condition.temp === 'read-only');
  const environment: Record<string, string | undefined> = {
    ...process.env,
    // jest's own must not make the command say more or less.
    NODE_OPTIONS: condition.nameless && !isRoot ? namelessHere : undefined,
    KUBECONFIG: undefined,
    XDG_RUNTIME_DIR: undefined,
    TMPDIR: temp,
    GROWN: grown,
    FOLDER: folder,
    ...env,
  };
  for (const name of condition.unset ?? []) environment[name] = undefined;
  const { before = 'true', stdout = '', stderr = '' } = condition;
  const child = spawn('/bin/sh', ['-c', `${before}; exec ${line} ${stdout} ${stderr}`], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(becomesAnother ? { uid: NAMELESS, gid: NAMELESS } : {}),
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, killedBy) => {
      ended.code = code ?? killedBy;
      resolve();
    });
  });
  const read = (['stdout', 'stderr'] as const).map((name) => {
    const stream = child[name];
    if (condition.left?.includes(name)) {
      stream.destroy();
      return undefined;
    }
    stream.setEncoding('utf8').on('data', (text: string) => (ended[name] += text));
    return new Promise((resolve) => stream.once('close', resolve));
  });
  const over = Promise.all([exited, ...read]);
  try {
    if (untilReady) {
      await Promise.race([untilReady({ temp, env }), over]);
      child.kill(signal);
    }
    await over;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  return ended;
}
