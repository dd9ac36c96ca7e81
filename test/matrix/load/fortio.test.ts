import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, openPage } from '../../scripts/demo/chromium.ts';
import { startFaultServer } from '../../scripts/load/fault-server.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');
const fortioVersion = '1.63.9';
const buildMs = 600_000;

const hasGo = (() => {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasGo) process.stderr.write('Fortio is not tried: there is no Go here.\n');
const withGo = hasGo ? describe : describe.skip;

withGo('Fortio itself', () => {
  let folder: string;
  let fortio: string;
  let viewer: ChildProcess | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fortio-test-'));
    fortio = path.join(folder, 'fortio');
    // One core and one compiler at a time; Go's own caches make the second time quick.
    const env = { ...process.env, GOBIN: folder, GOMAXPROCS: '1', GOFLAGS: '-p=1' };
    await run('go', ['install', `fortio.org/fortio@v${fortioVersion}`], { env, timeout: buildMs });
  }, buildMs);
  afterAll(async () => {
    viewer?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** Requests on kept-alive connections, of which one in ten is cut off without an answer. */
  const flaky = () => startFaultServer((n) => (n % 20 === 10 ? 'reset' : n % 20 === 0 ? 'fin' : 'answer'));

  it('lists, serves and draws the file of npm run load -- --fortio-json', async () => {
    const server = await flaky();
    const file = path.join(folder, 'data', 'ours.json');
    await run('mkdir', ['-p', path.dirname(file)]);
    try {
      await run(
        'npm',
        [
          'run',
          '-s',
          'load',
          '--',
          '--url',
          server.url,
          '--qps=200',
          '--connections=4',
          '--duration=1s',
          '--fortio-json',
          file,
        ],
        { cwd: root },
      ).catch((error: unknown) => expect(error).toMatchObject({ code: 1 }));
    } finally {
      await server.close();
    }
    const child = spawn(
      fortio,
      ['report', '-data-dir', path.dirname(file), '-http-port', '127.0.0.1:0', '-redirect-port', 'disabled'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    viewer = child;
    let address = '';
    for await (const line of createInterface({ input: child.stdout })) {
      address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
      if (address !== '') break;
    }
    expect(await (await fetch(`${address}/data/`)).text()).toContain('ours.json');
    const served = (await (await fetch(`${address}/data/ours.json`)).json()) as { RetCodes: object };
    expect(served.RetCodes).toEqual({ 201: 180, '-1': 20 });
    if (chromium !== undefined) {
      const page = await openPage();
      try {
        await page.goTo(`${address}/?url=ours.json`);
        const title = await page.evaluate<string>(`new Promise((resolve) => {
          const look = () => (chart.options ? resolve([chart.options.title.text].flat().join(' ')) : setTimeout(look, 50));
          look();
        })`);
        expect(title).toContain('200 target qps');
        expect(title).toContain('10% errors');
      } finally {
        await page.close();
      }
    }
    child.kill();
    await once(child, 'exit');
  }, 120_000);

  it('sends again what met a dead connection, and does not show it', async () => {
    const theirs = await flaky();
    const file = path.join(folder, 'theirs.json');
    await run(fortio, [
      'load',
      '-quiet',
      '-allow-initial-errors',
      '-qps=200',
      '-c=4',
      '-t=1s',
      '-payload={}',
      '-json',
      file,
      theirs.url,
    ]);
    const { RetCodes } = JSON.parse((await run('cat', [file])).stdout) as {
      RetCodes: Record<string, number>;
    };
    const cutOff = (theirs.seen['reset'] ?? 0) + (theirs.seen['fin'] ?? 0);
    await theirs.close();
    expect(cutOff).toBeGreaterThanOrEqual(18);
    // It may meet a cut-off at the second try as well; nine in ten of them are answered.
    expect(RetCodes['-1'] ?? 0).toBeLessThan(cutOff / 2);
    expect(theirs.total()).toBeGreaterThan((RetCodes['201'] ?? 0) + (RetCodes['-1'] ?? 0));

    // The same server, counted here: every one of them.
    const server = await flaky();
    const args = [
      'run',
      '-s',
      'load',
      '--',
      '--json',
      '--url',
      server.url,
      '--qps=200',
      '--connections=4',
      '--duration=1s',
    ];
    const { stdout } = await run('npm', args, { cwd: root }).catch(
      (error: unknown) => error as { stdout: string },
    );
    const seen = (server.seen['reset'] ?? 0) + (server.seen['fin'] ?? 0);
    await server.close();
    const account = JSON.parse(stdout) as { lost: number; sent: number; onDeadConnection: number };
    expect([account.sent, account.lost]).toEqual([server.total(), seen]);
    expect(account.onDeadConnection).toBeGreaterThan(0);
  }, 120_000);
});
