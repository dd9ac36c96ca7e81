import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '../../scripts/shared/wait.ts';
import { root } from '../support/cluster.ts';

/** Every process with this text in its environment; the playground marks all of its own so. */
function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('npm run playground', () => {
  it.each(['SIGKILL', 'SIGINT'] as const)(
    'leaves no process and no file behind after %s',
    async (signal) => {
      const mark = `PLAYGROUND_TEST=${process.pid}-${signal}`;
      const [name = '', value = ''] = mark.split('=');
      const child = spawn(
        process.execPath,
        ['--import', './load-typescript.mjs', 'scripts/playground/main.ts', '--json'],
        {
          cwd: root,
          env: { ...process.env, [name]: value },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const exited = once(child, 'exit');
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { kubeconfig, gatewayUrl } = JSON.parse(line) as { kubeconfig: string; gatewayUrl: string };
      const coffee = await fetch(`${gatewayUrl}/coffee`);
      expect([coffee.status, coffee.headers.get('x-version')]).toEqual([200, 'v1']);
      // Itself, the data plane and two pods at least: the test can see what it looks for.
      expect(processesWith(mark).length).toBeGreaterThanOrEqual(4);

      child.kill(signal);
      const [code] = (await exited) as [number | null];
      expect(code).toBe(signal === 'SIGINT' ? 130 : null);
      await waitFor(() => processesWith(mark).length === 0, {
        deadlineMs: 15_000,
        what: 'every process of the playground to end',
        lastSeen: () => processesWith(mark).join(', '),
      });
      await waitFor(() => !existsSync(path.dirname(kubeconfig)), {
        deadlineMs: 15_000,
        what: 'its state folder to be removed',
      });
    },
    60_000,
  );
});
