import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBase } from '../../../scripts/image/base.ts';
import { readKubeconfig } from '../../../scripts/shared/cluster/kubeconfig/read-file.ts';
import { readRegularFile } from '../../../scripts/shared/regular-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'unkind-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const read = (file: string): string => readRegularFile(file, { maxBytes: 1024 * 1024 }).toString();

describe('a file that a command is told to read', () => {
  it('is a regular one, by itself or behind a link', () => {
    writeFileSync(at('file'), 'text');
    symlinkSync(at('file'), at('link'));
    expect([read(at('file')), read(at('link'))]).toEqual(['text', 'text']);
  });

  it('is no pipe, device, folder or socket', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync('/dev/zero', at('zero'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    expect(() => read(at('pipe'))).toThrow('is a named pipe, not a file');
    expect(() => read(at('zero'))).toThrow('is a device, not a file');
    expect(() => read(folder)).toThrow('is a folder, not a file');
    expect(() => read(at('socket'))).toThrow('is a socket, not a file');
    server.close();
  });

  it('has no more than is read, whether it knows its size or not', () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 3 * 1024 ** 3);
    expect(() => read(at('huge'))).toThrow('has 3072 MB; at most 1 MB are read');
    expect(() => readRegularFile('/proc/self/environ', { maxBytes: 1 })).toThrow('has more than 1 MB');
    expect(read('/proc/self/stat')).toMatch(/^\d+ /);
  });

  it('is refused as a kubeconfig and as the base of an image too', async () => {
    execFileSync('mkfifo', [at('config')]);
    expect(() => readKubeconfig(at('config'))).toThrow(
      `${at('config')} is not a usable kubeconfig: it is a named pipe, not a file`,
    );
    await expect(readBase(at('config'), 'amd64')).rejects.toThrow(
      /cannot be read\. It is a named pipe, not a file\./,
    );
  });
});

describe('a kubeconfig', () => {
  it.each([
    [
      'an alias that holds itself',
      'kind: Config\nusers: &u\n- user: *u\n',
      'an alias that holds itself (*u) at line 3',
    ],
    ['lists that nest without end', `users: ${'['.repeat(50_000)}`, 'more than 200 deep at line 1'],
    [
      'aliases that multiply',
      `a: &a [${'x,'.repeat(1000)}]\nb: &b [${'*a,'.repeat(900)}]\nc: [${'*b,'.repeat(900)}]\n`,
      'unfold into more than 1000000 values at line 3',
    ],
  ])('is refused for %s', (_, text, message) => {
    expect(() => readKubeconfig('config', { text })).toThrow(message);
  });
});
