import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startGuard } from '../../kubelet/index.ts';
import { loadTypeScript } from '../../../shared/load-typescript.ts';

const OWNER = fileURLToPath(new URL('../support/programs/guarded-owner.ts', import.meta.url));
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually(condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + 15_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return condition();
}

describe('the guard', () => {
  it('kills every process group and removes the state folder when the playground dies by SIGKILL', async () => {
    const stateDir = mkdtempSync(path.join(tmpdir(), 'guard-test-'));
    writeFileSync(path.join(stateDir, 'file with a name'), '');
    const owner = spawn(process.execPath, [...loadTypeScript, OWNER, stateDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await new Promise<string[]>((resolve) => {
      createInterface(owner.stdout).once('line', (text) => resolve([text]));
    });
    const { registered, grandchild, unregistered } = JSON.parse(line ?? '') as Record<string, number>;
    const pids = [registered, grandchild, unregistered].filter((pid) => pid !== undefined);
    started.push(...pids);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    owner.kill('SIGKILL');
    expect(await eventually(() => !existsSync(stateDir))).toBe(true);
    // The child that was never registered is found by its environment, where /proc shows it.
    const bound = process.platform === 'linux' ? pids : pids.slice(0, 2);
    expect(await eventually(() => bound.every((pid) => !isAlive(pid)))).toBe(true);
  });

  it('leaves a process alone that ended and whose number may belong to somebody else', async () => {
    const stateDir = mkdtempSync(path.join(tmpdir(), 'guard-test-'));
    const guard = startGuard({ stateDir });
    const child = spawn('sh', ['-c', 'exit 0'], { detached: true });
    guard.watch(child);
    await new Promise((resolve) => child.once('exit', resolve));
    const bystander = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
    started.push(bystander.pid ?? 0);
    await guard.close();
    expect(existsSync(stateDir)).toBe(false);
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
  });
});
