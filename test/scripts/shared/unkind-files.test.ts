import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBase } from '../../../scripts/image/base.ts';
import { chooseConnection } from '../../../scripts/shared/cluster/kubeconfig/connection.ts';
import { readKubeconfig } from '../../../scripts/shared/cluster/kubeconfig/read-file.ts';
import { trustedAuthorities } from '../../../scripts/shared/cluster/network/authorities.ts';
import { readRegularFile } from '../../../scripts/shared/regular-file.ts';
import { appOf } from '../../../scripts/switch/command/app-of.ts';

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

describe('a file that a kubeconfig or a variable names', () => {
  const CLUSTER = { server: 'https://127.0.0.1:1' };

  it.each([
    ['client-certificate', {}, { 'client-certificate': 'named', 'client-key': 'key' }],
    ['client-key', {}, { 'client-certificate': 'key', 'client-key': 'named' }],
    ['certificate-authority', { 'certificate-authority': 'named' }, {}],
  ])('is not waited for when it is a pipe: %s', (field, cluster, user) => {
    const file = at('kubeconfig');
    if (!existsSync(at('named'))) execFileSync('mkfifo', [at('named')]);
    writeFileSync(at('key'), '');
    const text = JSON.stringify({
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { ...CLUSTER, ...cluster } }],
      users: [{ name: 'c', user }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    });
    expect(() => chooseConnection(readKubeconfig(file, { text }), { files: [file] })).toThrow(
      `${field} cannot be read: ${at('named')} is a named pipe, not a file`,
    );
  });

  it('is passed over among the authorities of the machine when it is a pipe or a device', () => {
    mkdirSync(at('authorities'));
    execFileSync('mkfifo', [at('authorities/pipe')]);
    symlinkSync('/dev/zero', at('authorities/zero'));
    const cluster = readKubeconfig('config', {
      text: JSON.stringify({ clusters: [{ name: 'c', cluster: CLUSTER }] }),
    }).clusters.get('c');
    if (cluster === undefined) throw new Error('no cluster');
    const trusted = (env: NodeJS.ProcessEnv) => trustedAuthorities(cluster, { clusterName: 'c', env })?.();
    const pipe = at('authorities/pipe');
    for (const env of [
      { SSL_CERT_FILE: pipe },
      { NODE_EXTRA_CA_CERTS: pipe },
      { SSL_CERT_DIR: at('authorities') },
    ])
      expect(trusted(env)?.length).toBeGreaterThan(10);
  });

  it('is no cluster file with the name of an app when it is a pipe', () => {
    execFileSync('mkfifo', [at('cluster.yaml')]);
    expect(appOf(at('cluster.yaml'))).toBeUndefined();
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
