import { spawn, spawnSync } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createConnection, type Ending } from '../../../scripts/load/connection.ts';
import type { Account } from '../../../scripts/load/index.ts';
import {
  describeOwnLimit,
  ownLimitOf,
  verifyOwnLimits,
  type MachineLimits,
} from '../../../scripts/load/own-limits.ts';
import { startFaultServer, type FaultServer } from './fault-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let server: FaultServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const coded = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
const machine = (files: number, ports?: MachineLimits['ports']): MachineLimits => ({
  files: { limit: files, open: 20 },
  ports,
});

/** `npm run load`, started by a shell that says `before` first. */
function load(before: string, args: string[]) {
  const command = [process.execPath, '--import', 'tsx', 'scripts/load/main.ts', ...args];
  const child = spawn('/bin/sh', ['-c', `${before} exec "$@"`, 'sh', ...command], { cwd: root });
  const run = { pid: child.pid, stdout: '', stderr: '', onStderr: (): void => undefined };
  child.stdout.on('data', (chunk) => (run.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => {
    run.stderr += String(chunk);
    run.onStderr();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { run, ended };
}

describe('a limit of the machine that sends', () => {
  it('is noticed before anything is sent when the open files cannot carry the connections', async () => {
    server = await startFaultServer(() => 'answer');
    const { run, ended } = load('ulimit -n 70;', [
      `--url=${server.url}`,
      '--connections=200',
      '--duration=1s',
    ]);
    expect(await ended).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(
      /^200 connections need 2\d\d open files, and this process may have 70\. .*ulimit -n 256.*--connections \d+ at most\. Nothing was sent\.\n$/,
    );
    expect(server.connections()).toBe(0);
  });

  it('that is reached in the middle breaks the load off and is no loss of the service', async () => {
    server = await startFaultServer(() => 'answer and close');
    const { run, ended } = load('', [
      ...[`--url=${server.url}`, '--connections=20', '--duration=60s', '--json', '--progress-json'],
    ]);
    let lowered = false;
    run.onStderr = () => {
      if (lowered || !/"sent":[1-9]/.test(run.stderr)) return;
      lowered = true;
      expect(spawnSync('prlimit', [`--pid=${run.pid}`, '--nofile=5:5']).status).toBe(0);
    };
    expect(await ended).toBe(1);
    const account = JSON.parse(run.stdout) as Account;
    expect(account).toMatchObject({ lost: 0, ok: account.sent, ownLimit: { code: 'EMFILE' } });
    // Every request that the server saw is either counted or among those without an outcome.
    expect(server.total()).toBeGreaterThanOrEqual(account.sent);
    expect(server.total()).toBeLessThanOrEqual(account.sent + account.abandoned);
    expect(account.abandoned).toBeGreaterThan(0);
    expect(run.stderr.trim().split('\n').at(-1)).toMatch(
      /^This machine stopped the load; the service is not to blame\. EMFILE: this process may have 5 open files\. Raise the limit \(ulimit -n /,
    );
  });

  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])(
    'is told apart from what the service did, at connecting and later: %s',
    async (code) => {
      const ending = new Promise<Ending>((resolve) => {
        const socket = new Socket();
        const connection = createConnection({
          open: () => ({ socket, connectedEvent: 'connect' }),
          request: Buffer.from(''),
          noBody: false,
        });
        connection.send(resolve);
        socket.destroy(coded(code));
      });
      expect(await ending).toEqual({ kind: 'own-limit', code });
      const { said } = describeOwnLimit(code, machine(70, { from: 32_768, to: 60_999 }), true);
      expect(said).toMatch(/^E\w+: .*\. (Raise|Use)/);
    },
  );

  it('is not made out of a refusal beside a missing address of the other family', () => {
    const refusedAnd = (code: string) => new AggregateError([coded(code), coded('ECONNREFUSED')]);
    expect(ownLimitOf(refusedAnd('EADDRNOTAVAIL') as NodeJS.ErrnoException)).toBeUndefined();
    expect(ownLimitOf(refusedAnd('EMFILE') as NodeJS.ErrnoException)).toBe('EMFILE');
    expect(ownLimitOf(new AggregateError([coded('EADDRNOTAVAIL')]) as NodeJS.ErrnoException)).toBe(
      'EADDRNOTAVAIL',
    );
    expect(ownLimitOf(coded('ECONNREFUSED'))).toBeUndefined();
  });

  it('may be its local ports, and is then named with their number', () => {
    const few = { from: 60_000, to: 60_009 };
    expect(() => verifyOwnLimits(11, machine(1024, few))).toThrow(
      /11 connections need as many local ports, and this machine gives out 10 \(60000 to 60009\).*ip_local_port_range.*--connections 10 at most/,
    );
    expect(() => verifyOwnLimits(10, machine(1024, few))).not.toThrow();
    expect(() =>
      verifyOwnLimits(10_000, { files: { limit: undefined, open: undefined }, ports: undefined }),
    ).not.toThrow();
  });

  it('is another one where no connection ever came about', () => {
    expect(describeOwnLimit('EADDRNOTAVAIL', machine(70), false).said).toContain('without IPv6');
  });
});
