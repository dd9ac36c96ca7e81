/** The npm scripts start wherever Node does, and end as their programs do, whatever shell npm uses. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('the npm scripts', () => {
  it.each(Object.entries(scripts))(
    '%s is words that cmd.exe and sh read alike, beginning with a program',
    (_name, script) => {
      // https://learn.microsoft.com/windows-server/administration/windows-commands/cmd
      for (const command of script.split(' && '))
        expect(command).toMatch(/^(node( [\w./=:@-]+)+|zero-downtime-[a-z]+)$/);
    },
  );

  // From 22.18 on Node reads TypeScript by itself, and names the first package that is missing.
  ((process.features as { typescript?: unknown }).typescript ? it.skip : it)(
    'say how to install what is missing, in a fresh clone',
    () => {
      const clone = mkdtempSync(path.join(tmpdir(), 'fresh-clone-'));
      try {
        copyFileSync(path.join(root, 'load-typescript.mjs'), path.join(clone, 'load-typescript.mjs'));
        const { status, stderr } = spawnSync(
          process.execPath,
          ['--import', './load-typescript.mjs', 'main.ts'],
          {
            cwd: clone,
            encoding: 'utf8',
          },
        );
        expect({ status, stderr }).toEqual({
          status: 1,
          stderr: 'The packages are not installed. Run: npm ci\n',
        });
      } finally {
        rmSync(clone, { recursive: true });
      }
    },
  );
});

const env = { PORT: '0', ADMIN_PORT: '0', HOST: '127.0.0.1', DRAIN_MIN_MS: '200', DRAIN_QUIET_MS: '100' };
let server: Server;
beforeAll(async () => {
  server = createServer((_request, response) => response.end('coffee'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/**
 * Runs npm in a process group of its own; sends SIGTERM once its program
 * has said `word`. Resolves when nobody holds its output any more.
 */
function terminate(
  args: string[],
  { word, whole }: { word: string; whole: boolean },
): Promise<{ ended: number | string; output: string }> {
  const npm = spawn('npm', args, { cwd: root, env: { ...process.env, ...env }, detached: true });
  let output = '';
  let isSent = false;
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (isSent || !output.includes(word) || npm.pid === undefined) return;
      isSent = true;
      process.kill(whole ? -npm.pid : npm.pid, 'SIGTERM');
    });
  return new Promise((resolve) =>
    npm.once('close', (code, signal) => resolve({ ended: signal ?? code ?? '', output })),
  );
}

const shells = ['/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell));

describe.each(shells)('SIGTERM, where npm uses %s,', (shell) => {
  it.each([
    ['to npm', false],
    ['to all of its process group', true],
  ])('%s lets a service drain, and is what npm ends with', async (_whom, whole) => {
    const { ended, output } = await terminate(['start', '--script-shell', shell], {
      word: '"msg":"ready"',
      whole,
    });
    // A drained service ends with 0. bash lets it take its place, so that npm hears so.
    expect(['SIGTERM', 143, ...(shell === '/bin/bash' ? [0] : [])]).toContain(ended);
    expect(output).toContain('"msg":"closed"');
    expect(output).toContain('"drained":"quiet"');
  });

  it.each([
    ['to npm', false],
    ['to all of its process group', true],
  ])('%s lets a command leave things in order, and is what npm ends with', async (_whom, whole) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { ended, output } = await terminate(
      ['run', 'load', '--script-shell', shell, '--', '--url', url, '--duration', '60s', '--progress-json'],
      { word: '"sent"', whole },
    );
    expect(['SIGTERM', 143]).toContain(ended);
    // The account, though it was broken off.
    expect(output).toMatch(/All \d+ requests answered, none lost/);
  });
});
