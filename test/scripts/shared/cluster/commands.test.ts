import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { startRecordingServer } from '../../../support/recording-server.ts';
import type { RecordingServer } from '../../../support/recording-server.ts';

/** Real commands, as people call them; the server knows no coffee-shop, so that none of them gets far. */
const root = path.resolve(import.meta.dirname, '../../../..');
const tsx = path.join(root, 'node_modules/tsx/dist/loader.mjs');
let folder: string;
let server: RecordingServer;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cluster-commands-'));
  mkdirSync(path.join(folder, 'elsewhere'));
  server = await startRecordingServer();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string) => path.join(folder, name);
const write = (name: string, content: unknown) =>
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
const cluster = () => ({
  name: 'c',
  cluster: {
    server: server.url,
    'certificate-authority-data': Buffer.from(server.certificate.certPem).toString('base64'),
  },
});
const context = { name: 'here', context: { cluster: 'c', user: 'u' } };
const login = (script: string, more: object) => {
  writeFileSync(at('login.sh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './login.sh', ...more };
  write('kubeconfig', {
    'current-context': 'here',
    clusters: [cluster()],
    contexts: [context],
    users: [{ name: 'u', user: { exec } }],
  });
};
const credential = (token: string) =>
  `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"${token}"}}`;

const command = (main: string, ...args: string[]) => [
  process.execPath,
  '--import',
  tsx,
  path.join(root, main),
  ...args,
];

function run(
  [program = '', ...args]: string[],
  { env = {}, input }: { env?: Record<string, string>; input?: string } = {},
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: at('elsewhere'),
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += String(data)));
    child.stdin?.end(input);
    child.on('close', (code) => resolve({ code, stderr: output }));
  });
}

const tokens = () => server.requests.map(({ credentials }) => credentials.join(', '));
const status = (...more: string[]) => command('scripts/switch/main.ts', 'status', ...more);

describe('a command with a KUBECONFIG of several files', () => {
  it('takes the first of two entries of one name, and the first current context, past files that say nothing', async () => {
    const first = { clusters: [cluster()], users: [{ name: 'u', user: { tokenFile: './token' } }] };
    const second = {
      'current-context': 'here',
      clusters: [{ name: 'c', cluster: { server: 'https://elsewhere.invalid' } }],
      users: [{ name: 'u', user: { token: 'wrong' } }],
      contexts: [context],
    };
    write('empty', '');
    write('token', 'of-the-file');
    write('first', first);
    write('second', second);
    const list = ['empty', 'first', 'first', 'gone', 'second', 'first'].map((name) => `../${name}`);
    // Another command that connects, where it is there: the suite goes with the playground.
    const suite = 'scripts/playground/test/conformance/main.ts';
    const others = existsSync(path.join(root, suite))
      ? [command(suite, '--only', 'PodDisruptionBudget')]
      : [];
    for (const args of [status(), ...others]) {
      server.requests.length = 0;
      await run(args, { env: { KUBECONFIG: list.join(':') } });
      expect(tokens()[0]).toBe('authorization: Bearer of-the-file');
    }
  }, 60_000);

  it('names every file that it cannot use, and ends with 2', async () => {
    write('one', 'clusters: [{name: c}, {name: c}]');
    write('two', 'users: [{name: u, user: {token: 1234}}]');
    const { code, stderr } = await run(status(), { env: { KUBECONFIG: `${at('one')}:${at('two')}` } });
    expect(stderr).toBe(
      `${at('one')} is not a usable kubeconfig: clusters has two entries named "c"; ${at('two')} is not a usable kubeconfig: users[0].user.token must be a string, not a number\n`,
    );
    expect(code).toBe(2);
  }, 60_000);
});

describe('a command whose user logs in by a command', () => {
  it('shows what that asks, runs it from the folder of the kubeconfig, and gives it no standard input of ours', async () => {
    login(`echo 'Open https://login.example' >&2; read -r word; printf '%s' '${credential('t')}'`, {
      interactiveMode: 'IfAvailable',
    });
    const { stderr } = await run(status('--kubeconfig', '../kubeconfig'), { input: 'not for it\n' });
    expect(stderr).toContain('Open https://login.example\n');
    expect(tokens()[0]).toBe('authorization: Bearer t');
  }, 60_000);

  it('says at once that it failed, and ends with 1', async () => {
    login('exit 3', { interactiveMode: 'Never' });
    const { code, stderr } = await run(status('--kubeconfig', at('kubeconfig')));
    expect(stderr).toBe(`The login command ${at('login.sh')} of user "u" failed: exit code 3.\n`);
    expect([code, server.requests]).toEqual([1, []]);
  }, 60_000);

  it('takes it along when it is stopped', async () => {
    login(`echo $$ > ${at('pid')}.draft; mv ${at('pid')}.draft ${at('pid')}; exec sleep 60`, {
      interactiveMode: 'Never',
    });
    const [program = '', ...args] = status('--kubeconfig', at('kubeconfig'));
    const child = spawn(program, args, { env: { PATH: process.env['PATH'], HOME: folder }, stdio: 'ignore' });
    const ended = new Promise((resolve) => void child.on('close', resolve));
    const pid = await waitFor(() => existsSync(at('pid')) && Number(readFileSync(at('pid'), 'utf8')), {
      ...{ deadlineMs: 30_000, what: 'the login command to run' },
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    await waitFor(() => !isRunning(pid), { deadlineMs: 10_000, what: 'the login command to be gone' });
  }, 60_000);

  const hasTerminals = String(spawnSync('script', ['--version']).stdout).includes('util-linux');
  (hasTerminals ? it : it.skip)(
    `lets that read from the terminal${hasTerminals ? '' : ' (skipped: no script of util-linux to make one)'}`,
    async () => {
      login(
        `printf 'Word: ' >&2; read -r word; printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$word"`,
        { interactiveMode: 'Always' },
      );
      const line = status('--kubeconfig', at('kubeconfig')).join(' ');
      const { stderr } = await run(['script', '-qec', line, '/dev/null'], { input: 'sesame\n' });
      expect(stderr).toContain('Word: ');
      expect(tokens()[0]).toBe('authorization: Bearer sesame');
    },
    60_000,
  );
});

/** Nobody waits for an orphan in a container: what is left of it then is no process that runs. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const file = `/proc/${pid}/status`;
  return !existsSync(file) || !/State:\s+Z/.test(readFileSync(file, 'utf8'));
}
