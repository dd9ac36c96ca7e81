import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadTypeScript } from '../../shared/load-typescript.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const running = new Set<ChildProcess>();
/** A temp folder of its own: playgrounds of others on this machine are not meant. */
let temp: string;
beforeEach(() => {
  temp = mkdtempSync(path.join(tmpdir(), 'lifecycle-'));
});
afterEach(async () => {
  for (const child of running) child.kill('SIGTERM');
  await Promise.all([...running].map((child) => new Promise((resolve) => child.once('exit', resolve))));
  rmSync(temp, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  pid: number;
  kubeconfig: string;
  stderr: () => string;
  ended: Promise<number | string>;
}

const command = [...loadTypeScript, 'scripts/playground/main.ts'];
const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: temp, TMPDIR: temp });

async function start(...flags: string[]): Promise<Started> {
  const child = spawn(process.execPath, [...command, '--empty', '--json', ...flags], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? '');
    });
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', () => reject(new Error(stderr)));
  });
  const { kubeconfig } = JSON.parse(line) as { kubeconfig: string };
  return { child, pid: child.pid ?? 0, kubeconfig, stderr: () => stderr, ended };
}

const ctl = (...args: string[]) =>
  spawnSync(process.execPath, [...command, 'ctl', ...args], {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
  });

/** What is left of playgrounds: their folders and words. */
const left = (): string[] => readdirSync(temp).filter((name) => name.includes('coffee-shop-playground'));

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not reached: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function descendants(pid: number): { pid: number; args: string }[] {
  const table = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).stdout;
  const rows = table.split('\n').flatMap((line) => {
    const [, own, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return args === undefined ? [] : [{ pid: Number(own), parent: Number(parent), args }];
  });
  const below = (id: number): typeof rows =>
    rows.filter(({ parent }) => parent === id).flatMap((row) => [row, ...below(row.pid)]);
  return below(pid);
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('several playgrounds on one machine', () => {
  it('do not meet, and no command takes one of them for the other', async () => {
    const [one, two] = await Promise.all([start('--mesh', 'none'), start('--mesh', 'none')]);
    expect(one.kubeconfig).not.toBe(two.kubeconfig);
    const refused = ctl('freeze', 'proxy=kube-proxy');
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    for (const { pid, kubeconfig } of [one, two])
      expect(refused.stderr).toContain(`process ${pid} (--kubeconfig ${kubeconfig})`);
    const named = ctl('freeze', 'proxy=kube-proxy', `pid=${two.pid}`);
    expect([named.stderr, named.stdout]).toEqual(['', '{"frozen":"kube-proxy"}\n']);

    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(143);
    const alone = ctl('thaw', 'proxy=kube-proxy');
    expect([alone.stderr, alone.stdout]).toEqual(['', '{"thawed":"kube-proxy"}\n']);
    two.child.kill('SIGINT');
    expect(await two.ended).toBe(130);
    expect(left()).toEqual([]);
  });
});

describe('a playground', () => {
  it('leaves no process, folder, word or kubeconfig behind when it is killed', async () => {
    const kubeconfig = path.join(temp, 'my-kubeconfig');
    const { child, pid, ended } = await start('--kubeconfig', kubeconfig);
    const processes = descendants(pid);
    expect(processes.length).toBeGreaterThan(0);
    expect(existsSync(kubeconfig)).toBe(true);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await eventually('nothing is left', () => left().length === 0 && !existsSync(kubeconfig));
    await eventually('no process is left', () => !processes.some((one) => isAlive(one.pid)));
  });

  it('ends with exit code 1 and a line that says why when its data plane dies', async () => {
    const { pid, ended, stderr } = await start();
    const dataPlane = descendants(pid).find(({ args }) => args.includes('data-plane'));
    expect(dataPlane).toBeDefined();
    process.kill(dataPlane?.pid ?? 0, 'SIGKILL');
    expect(await ended).toBe(1);
    expect(stderr()).toMatch(/data plane.*SIGKILL|data plane.*137/i);
    expect(left()).toEqual([]);
  });
});
