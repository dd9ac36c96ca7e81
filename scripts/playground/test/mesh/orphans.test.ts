import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { until } from './support/test-mesh.ts';
import { loadTypeScript } from '../../../shared/load-typescript.ts';

describe('the data plane', () => {
  it('ends when the playground is killed without a word', async () => {
    const stateDir = mkdtempSync(path.join(os.tmpdir(), 'mesh-orphan-'));
    const holder = fork(fileURLToPath(new URL('./support/mesh-holder.ts', import.meta.url)), [stateDir], {
      execArgv: loadTypeScript,
      stdio: 'ignore',
    });
    const [gateway] = (await once(holder, 'message')) as [{ host: string; port: number }];
    try {
      expect(await accepts(gateway)).toBe(true);
    } finally {
      holder.kill('SIGKILL');
    }
    await until('nobody listens any more', async () => !(await accepts(gateway)), 15_000);
    rmSync(stateDir, { recursive: true, force: true });
  });
});

/**
 * Whether somebody listens. Without a Gateway the proxy resets what it
 * accepts, often before `connect` is told: that is listening too.
 */
async function accepts(address: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    socket.on('connect', () => socket.destroy());
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    // Comes last, after any error.
    socket.on('close', () => resolve(true));
  });
}
