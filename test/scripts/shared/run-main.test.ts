import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'run-main-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a command of one line. */
function command(body: string): string {
  const file = path.join(folder, `main-${Math.random().toString(36).slice(2)}.mts`);
  writeFileSync(
    file,
    `import { runMain } from '${root}/scripts/shared/run-main.ts';
     import { CommandError, UsageError } from '${root}/scripts/shared/errors.ts';
     import { pause } from '${root}/scripts/shared/wait.ts';
     import { parseArgs } from 'node:util';
     await runMain(async ({ argv, signal, print }) => { ${body} });`,
  );
  return file;
}

/** Runs a command of one line; `stop` is sent when it has said "running". */
function run(
  body: string,
  stop?: NodeJS.Signals,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const file = command(body);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', './load-typescript.mjs', file, '--flag'], {
      cwd: root,
    });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.stdout.on('data', (data) => {
      stdout += String(data);
      if (stop && stdout.includes('running')) child.kill(stop);
    });
    child.on('close', (code) => resolve({ code, stderr, stdout }));
  });
}

describe('runMain', () => {
  it('exits 0 when the command returns, or with the code it returns', async () => {
    const [done, one] = await Promise.all([run('console.log(argv[0])'), run('return 1')]);
    expect(done).toEqual({ code: 0, stdout: '--flag\n', stderr: '' });
    expect(one.code).toBe(1);
  });

  it('prints one line and no stack for an error: exit 1, wrong usage: exit 2', async () => {
    const [failed, usage, flag] = await Promise.all([
      run(`throw new CommandError('no pod is ready', { cause: new Error('inner') })`),
      run(`throw new UsageError('PORT must be a number, got "x".')`),
      run(`parseArgs({ args: argv, options: {} })`),
    ]);
    expect(failed).toEqual({ code: 1, stdout: '', stderr: 'no pod is ready\n' });
    expect(usage).toEqual({ code: 2, stdout: '', stderr: 'PORT must be a number, got "x".\n' });
    expect(flag.code).toBe(2);
    expect(flag.stderr).toMatch(/^Unknown option '--flag'[^\n]*\n$/);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('lets the command clean up after %s and exits %d', async (signal, code) => {
    const ended = await run(
      `console.log('running');
       try { await pause(20_000, signal); } finally { console.log('cleaned up'); }`,
      signal,
    );
    expect(ended.code).toBe(code);
    expect(ended.stdout).toContain('cleaned up');
    expect(ended.stderr).toBe(`stopped by ${signal}\n`);
  });

  it('takes the copy of a Ctrl-C that npm passes on for the same one', async () => {
    const ended = await run(
      `process.once('SIGINT', () => setTimeout(() => process.kill(process.pid, 'SIGINT'), 50));
       console.log('running');
       try { await pause(20_000, signal); } finally { await pause(300); console.log('cleaned up'); }`,
      'SIGINT',
    );
    expect(ended).toEqual({ code: 130, stdout: 'running\ncleaned up\n', stderr: 'stopped by SIGINT\n' });
  });

  it('ends as after SIGTERM when the npm that started it is killed', async () => {
    const file = command(
      `console.log('running');
       try { await pause(20_000, signal); } finally { console.log('cleaned up'); }`,
    );
    const npm = spawn(
      process.execPath,
      [
        '-e',
        `require('child_process').spawn(process.execPath, ['--import', './load-typescript.mjs', ${JSON.stringify(file)}], { stdio: 'inherit' })`,
      ],
      { cwd: root, env: { ...process.env, npm_lifecycle_event: path.basename(folder) } },
    );
    let output = '';
    for (const stream of [npm.stdout, npm.stderr])
      stream.on('data', (data) => {
        output += String(data);
        if (output === 'running\n') npm.kill('SIGKILL');
      });
    // The streams end with the last process that holds them.
    await new Promise((resolve) => npm.once('close', resolve));
    expect(output).toBe('running\ncleaned up\nstopped by SIGTERM\n');
  });

  it('waits for a reader that takes its time, however long the result is', async () => {
    const file = command(
      `setTimeout(() => process.stderr.write('still here'), 2000); process.stdout.write('x'.repeat(3_000_000));`,
    );
    const child = spawn(process.execPath, ['--import', './load-typescript.mjs', file], { cwd: root });
    const closed = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => {
      child.stderr.once('data', resolve);
      child.once('exit', resolve);
    });
    let length = 0;
    child.stdout.on('data', (data: Buffer) => (length += data.length));
    expect(await closed).toBe(0);
    expect(length).toBe(3_000_000);
  });

  it('gives up a reader that never reads when a signal arrives', async () => {
    const file = command(`process.stdout.write('x'.repeat(3_000_000)); process.stderr.write('over');`);
    const child = spawn(process.execPath, ['--import', './load-typescript.mjs', file], { cwd: root });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stderr.once('data', () => child.kill('SIGTERM'));
    expect(await exited).toBe(143);
    child.stdout.destroy();
  });

  it('fails the print of a command that stays, when its result cannot be written', async () => {
    const file = command(`try { await print('ready'); } finally { process.stderr.write('put away\\n'); }`);
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, ['--import', './load-typescript.mjs', file], {
      cwd: root,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let stderr = '';
    child.stderr?.on('data', (data) => (stderr += String(data)));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(stderr).toBe(
      'put away\nstdout: no space left on device (ENOSPC). The result is incomplete: write it to where there is room.\n',
    );
  });
});
