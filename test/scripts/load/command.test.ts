import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startLoadProcess, type Account } from '../../../scripts/load/index.ts';
import { readCommandLine } from '../../../scripts/load/command-line.ts';
import { closedPort, startFaultServer, type FaultServer } from './fault-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let server: FaultServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

const program = ['--import', './load-typescript.mjs', 'scripts/load/main.ts'];

/** Where no file may grow, as on a full disk. */
const runWithoutRoom = (args: string[]): Promise<Run> =>
  load(args, undefined, ['/bin/sh', '-c', 'ulimit -f 0; exec "$@"', 'sh']);

function load(
  args: string[],
  onStderr?: (kill: (signal: NodeJS.Signals) => void, text: string) => void,
  before: string[] = [],
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const [command = '', ...rest] = [...before, process.execPath, ...program, ...args];
    const child = spawn(command, rest, { cwd: root });
    const run: Run = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (run.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => {
      run.stderr += String(chunk);
      onStderr?.((signal) => child.kill(signal), run.stderr);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...run, code }));
  });
}

describe('npm run load', () => {
  it('prints the account as one JSON document and ends with 0 when nothing was lost', async () => {
    server = await startFaultServer(() => 'answer');
    const { code, stdout } = await load([
      `--url=${server.url}`,
      '--duration=500ms',
      '--connections=5',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ sent: 250, ok: 250, lost: 0, method: 'GET' });
    expect(code).toBe(0);
  });

  it('says in its last line how many were lost, and ends with 1', async () => {
    server = await startFaultServer((request) => (request % 50 === 0 ? 'reset' : 'answer'));
    const { code, stdout } = await load([`--url=${server.url}`, '--duration=400ms', '--body={}']);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^4 of 200 requests lost \(2\.00 %\)/);
    expect(stdout).toMatch(/^POST /);
    expect(stdout).toMatch(/ reset +4 +2\.00 %/);
    expect(code).toBe(1);
  });

  it('gives the account also when nobody listens, and names the address', async () => {
    const port = await closedPort();
    const { code, stdout, stderr } = await load([
      `--url=http://127.0.0.1:${port}/`,
      '--duration=200ms',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ sent: 100, lost: 100, byError: { refused: 100 } });
    expect(stderr).toContain(`Nothing at 127.0.0.1:${port} answered (ECONNREFUSED).`);
    expect(code).toBe(1);
  });

  it('says of a host that only redirects that a redirect is no order, and ends with 1', async () => {
    server = await startFaultServer(() => '302');
    const { code, stdout, stderr } = await load([`--url=${server.url}`, '--duration=200ms']);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^100 of 100 requests lost/);
    expect(stderr).toMatch(/redirects \(302 to \/login\): a redirect is no order.*--expect 302/);
    expect(code).toBe(1);
    const expected = await load([`--url=${server.url}`, '--duration=200ms', '--expect=302']);
    expect(expected.stdout).toContain('none lost');
    expect(expected.stderr).not.toContain('redirect');
    expect(expected.code).toBe(0);
  });

  it('prints the account so far when stopped with Ctrl-C, and ends with 130', async () => {
    server = await startFaultServer(() => 'answer');
    const { code, stdout } = await load(
      [`--url=${server.url}`, '--duration=60s', '--json', '--progress-json'],
      (kill, text) => text.includes('"sent":') && /"sent":[1-9]/.test(text) && kill('SIGINT'),
    );
    const account = JSON.parse(stdout) as Account;
    expect(account.sent).toBe(server.total());
    expect(account).toMatchObject({ lost: 0, abandoned: 0, ok: account.sent });
    expect(account.sent).toBeLessThan(30_000);
    expect(code).toBe(130);
  });

  it.each([
    [[], '--url is missing'],
    [['--url=nope'], '"nope" is not a URL'],
    [['--url=ftp://x/'], 'http: or https:'],
    [['--url=http://127.0.0.1/', '--qps=fast'], '--qps must be a number, got "fast"'],
    [['--url=http://127.0.0.1/', '--qps=0'], 'qps must be from'],
    [['--url=http://127.0.0.1/', '--connections=1.5'], 'connections must be a whole number'],
    [['--url=http://127.0.0.1/', '--duration=20'], '--duration must be a duration'],
    [['--url=http://127.0.0.1/', '--expect=503'], 'Only 4xx answers can be expected'],
    [['--url=http://127.0.0.1/', '--header=x'], '--header must be "name: value"'],
    [['--url=http://127.0.0.1/', '--header=Connection: close'], 'set by the load itself'],
    [['--url=http://127.0.0.1/', '--method=GET /x'], 'is not an HTTP method'],
    [['--url=http://127.0.0.1/', '--body=\n', '--header=x: a\nb'], 'is not an HTTP header'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j before it sends anything', (argv, message) => {
    expect(() => readCommandLine(argv)).toThrow(message);
  });

  it('ends with 2 and one line for wrong usage', async () => {
    expect(await load(['--url=nope'])).toEqual({
      code: 2,
      stdout: '',
      stderr: '"nope" is not a URL. Example: http://127.0.0.1:8080/orders\n',
    });
  });

  it('writes a Fortio result whose counts are those of the account', async () => {
    server = await startFaultServer((request) =>
      request % 50 === 0 ? 'reset' : request % 20 === 0 ? '503' : 'answer',
    );
    const folder = await mkdtemp(path.join(tmpdir(), 'load-test-'));
    try {
      const file = path.join(folder, 'run.json');
      await load([`--url=${server.url}`, '--duration=400ms', `--fortio-json=${file}`]);
      const fortio = JSON.parse(await readFile(file, 'utf8')) as {
        RetCodes: Record<string, number>;
        DurationHistogram: {
          Count: number;
          Data: { Count: number; Percent: number; Start: number; End: number }[];
        };
        ErrorsDurationHistogram: { Count: number };
        ActualDuration: number;
      };
      expect(fortio.RetCodes).toEqual({ 201: 188, 503: 8, '-1': 4 });
      expect(fortio.DurationHistogram.Count).toBe(200);
      expect(fortio.ErrorsDurationHistogram.Count).toBe(12);
      const { Data } = fortio.DurationHistogram;
      expect(Data.reduce((sum, { Count }) => sum + Count, 0)).toBe(200);
      expect(Data.at(-1)?.Percent).toBe(100);
      expect(Data.every(({ Start, End }) => Start <= End)).toBe(true);
      expect(Number.isInteger(fortio.ActualDuration)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the file of a Fortio result', () => {
  it('keeps what it had when the load cannot begin, and is not made for nothing', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'load-test-'));
    try {
      const [before, none] = ['before.json', 'none.json'].map((name) => path.join(folder, name));
      await writeFile(before ?? '', 'of the last run');
      for (const file of [before, none]) {
        const run = await load(['--url=http://127.0.0.1:1/', '--ca-file=gone', `--fortio-json=${file}`]);
        expect(run.code).toBe(2);
      }
      expect(await readFile(before ?? '', 'utf8')).toBe('of the last run');
      expect(await readdir(folder)).toEqual(['before.json']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('keeps what it had when there is no room for the new one', async () => {
    server = await startFaultServer(() => 'answer');
    const folder = await mkdtemp(path.join(tmpdir(), 'load-test-'));
    try {
      const file = path.join(folder, 'run.json');
      await writeFile(file, 'of the last run');
      const run = await runWithoutRoom([`--url=${server.url}`, '--duration=100ms', `--fortio-json=${file}`]);
      expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining(`Cannot write ${file}: EFBIG`) });
      expect(await readFile(file, 'utf8')).toBe('of the last run');
      expect(await readdir(folder)).toEqual(['run.json']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is standard output where that is named', async () => {
    server = await startFaultServer(() => 'answer');
    // A pipe of the shell: the one that Node makes is a socket, which has no name to open it by.
    const piped = ['/bin/sh', '-c', '"$@" | cat', 'sh'];
    const args = [`--url=${server.url}`, '--duration=100ms', '--fortio-json=/dev/stdout'];
    const { stdout } = await load(args, undefined, piped);
    expect(stdout).toContain('"RetCodes": {');
  });
});

describe('a load in its own process', () => {
  it('reports its progress, stops when told, and counts what the server counted', async () => {
    server = await startFaultServer(() => 'answer');
    const seen: number[] = [];
    const process = await startLoadProcess({
      url: server.url,
      qps: 500,
      connections: 10,
      method: 'POST',
      body: '{"drink":"espresso"}',
      longestMs: 60_000,
      timeline: true,
      onProgress: ({ sent }) => seen.push(sent),
    });
    await process.started;
    const account = await process.stop();
    expect(account).toMatchObject({ lost: 0, abandoned: 0, sent: server.total() });
    expect(account.timeline?.length).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(0);
  });

  it('leaves no file behind once it runs, and no process when it is killed', async () => {
    const { url } = (server = await startFaultServer(() => 'answer'));
    const folder = await mkdtemp(path.join(tmpdir(), 'load-test-'));
    try {
      const process = await startLoadProcess({ url, qps: 100, connections: 2, longestMs: 60_000, folder });
      expect(await readdir(folder)).toHaveLength(1);
      await process.started;
      await process.kill();
      await expect(process.account).rejects.toThrow('SIGKILL');
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says why it could not start', async () => {
    const process = await startLoadProcess({ url: 'nope', qps: 1, connections: 1, longestMs: 1000 });
    await expect(process.started).rejects.toThrow('"nope" is not a URL');
    await expect(process.account).rejects.toThrow('exit code 2');
  });
});
