import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Account } from '../../../scripts/load/index.ts';
import { readCommandLine, type LoadCommandOptions } from '../../../scripts/load/command-line.ts';
import { createTally } from '../../../scripts/load/tally.ts';
import { runCommand } from '../../../scripts/load/run-command.ts';
import { invisible } from '../../support/hostile.ts';

const times = { dueMs: 0, sentMs: 0, endMs: 1 };
const answered = (version: string, pod = 'a-pod') =>
  ({ kind: 'answer', status: 200, version, pod, bodyStart: '' }) as const;

describe('names that servers give themselves', () => {
  it('are told apart up to 100, and all further ones counted as "other"', () => {
    const tally = createTally({ expect: new Set(), timeline: true });
    for (let n = 0; n < 900; n += 1) tally.add(answered(`v${n}`, `pod-${n}`), times);
    for (let n = 0; n < 900; n += 1) tally.add(answered(`v${n}`, `pod-${n}`), times);
    const { byVersion, byPod, timeline } = tally.toAccount(1);
    for (const counts of [byVersion, byPod, timeline?.[0]?.ok ?? {}]) {
      expect(Object.keys(counts)).toHaveLength(101);
      expect(counts['other']).toBe(1600);
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(1800);
    }
    expect(byVersion['v99']).toBe(2);
  });

  it('may be names that every object knows', () => {
    const tally = createTally({ expect: new Set(), timeline: true });
    for (const name of ['__proto__', 'constructor', 'toString', '__proto__'])
      tally.add(answered(name, name), times);
    for (const body of ['__proto__', 'constructor'])
      tally.add({ ...answered('v1'), status: 500, bodyStart: body }, times);
    const account = JSON.parse(JSON.stringify(tally.toAccount(1))) as Account;
    const expected = [
      ['__proto__', 2],
      ['constructor', 1],
      ['toString', 1],
    ];
    expect(Object.entries(account.byVersion)).toEqual([...expected, ['v1', 2]]);
    expect(Object.entries(account.byPod)).toEqual([...expected, ['a-pod', 2]]);
    expect(Object.entries(account.timeline?.[0]?.ok ?? {})).toEqual(expected);
    expect(account.byReason).toEqual({ '500 __proto__': 1, '500 constructor': 1 });
  });
});

describe('a server that sends what a terminal obeys', () => {
  let server: net.Server | undefined;
  afterEach(() => new Promise((resolve) => server?.close(resolve) ?? resolve(undefined)));

  /** Names and a body as bytes that no HTTP library would let through. */
  const name = 'v9\x1b[2J\x1b]0;stolen\x07\x9b2J\x7f';
  const body = Buffer.from('no\x1b[2J way\r\n ✓ all is well\u202e\u2028größer\x07');
  const start = async () => {
    let n = 0;
    server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        n += 1;
        const status = n % 2 === 0 ? '200 OK' : '500 \x1b[31mNo';
        const head = `HTTP/1.1 ${status}\r\nx-version: ${name}${n % 3}\r\nx-pod: ${name}\r\ncontent-length: ${body.length}\r\n\r\n`;
        socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/coffee`;
  };

  it.each([
    ['as a table'],
    ['as JSON', '--json', '--timeline'],
    ['in a pipe of progress', '--progress-json'],
  ])('is reported %s without any of it', async (_how, ...flags) => {
    const url = await start();
    const command = readCommandLine([
      '--url',
      url,
      '--qps=100',
      '--duration=300ms',
      '--connections=2',
      ...flags,
    ]);
    let written = '';
    const output = (isTTY: boolean) => ({ isTTY, columns: 200, write: (text: string) => (written += text) });
    const exitCode = await runCommand(command as LoadCommandOptions, {
      stdin: new PassThrough(),
      stdout: output(false),
      stderr: output(true),
      signal: new AbortController().signal,
    });
    expect(exitCode).toBe(1);
    expect(written).toContain('v9');
    expect(written).toContain('größer');
    // The one thing that is ours: the progress line is drawn over itself.
    expect(written.replaceAll('\r\x1b[K', '')).not.toMatch(invisible);
    expect(written).not.toMatch(/^ ✓/m);
  });
});
