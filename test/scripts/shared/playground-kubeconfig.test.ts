import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chooseCluster } from '../../../scripts/shared/cluster/flags.ts';
import { loadKubeConfig } from '../../../scripts/shared/cluster/config.ts';
import { openOwnFolder, ownFolder, writeOwnFile } from '../../../scripts/shared/own-folder.ts';
import {
  readPlaygroundKubeconfig,
  renderPlaygroundKubeconfig,
} from '../../../scripts/shared/playground-kubeconfig.ts';
import { announcePlayground, findRunningPlayground } from '../../../scripts/shared/running-playground.ts';

const access = { server: 'https://127.0.0.1:6443', certificateAuthority: 'cGVt', token: 't' };

/** A kubeconfig as one that a playground has left, with one thing changed. */
function changed(change: (config: Config) => void): string {
  const config = JSON.parse(renderPlaygroundKubeconfig(access)) as Config;
  change(config);
  return JSON.stringify(config);
}

interface Config {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
  [key: string]: unknown;
}

const cluster =
  (fields: Record<string, unknown>) =>
  ({ clusters }: Config): void =>
    void Object.assign(clusters[0]?.cluster ?? {}, fields);
const user =
  (fields: Record<string, unknown>) =>
  ({ users }: Config): void =>
    void Object.assign(users[0]?.user ?? {}, fields);

describe('the kubeconfig that a running playground leaves', () => {
  it('gives a loopback server and a token', () => {
    expect(readPlaygroundKubeconfig(renderPlaygroundKubeconfig(access))).toEqual(access);
    const elsewhere = { ...access, server: 'https://[::1]:6443' };
    expect(readPlaygroundKubeconfig(renderPlaygroundKubeconfig(elsewhere))).toEqual(elsewhere);
  });

  it.each([
    ['an exec plugin', changed(user({ exec: { command: 'touch', args: ['x'] } }))],
    ['an auth provider', changed(user({ 'auth-provider': { name: 'oidc' } }))],
    ['a file with a token', changed(user({ tokenFile: '/etc/passwd' }))],
    ['a client certificate of a path', changed(user({ 'client-certificate': '/etc/passwd' }))],
    ['a password', changed(user({ username: 'a', password: 'b' }))],
    ['another to be', changed(user({ as: 'admin' }))],
    ['no token', changed(user({ token: undefined }))],
    ['an empty token', changed(user({ token: '' }))],
    ['a server elsewhere', changed(cluster({ server: 'https://10.0.0.1:6443' }))],
    ['a server by name', changed(cluster({ server: 'https://localhost:6443' }))],
    ['a name that looks like an address', changed(cluster({ server: 'https://127.0.0.1.example.org' }))],
    ['a user in its URL', changed(cluster({ server: 'https://127.0.0.1@example.org' }))],
    ['a server without TLS', changed(cluster({ server: 'http://127.0.0.1:6443' }))],
    ['a proxy', changed(cluster({ 'proxy-url': 'http://127.0.0.1:1' }))],
    ['a certificate authority of a path', changed(cluster({ 'certificate-authority': '/etc/passwd' }))],
    ['no look at the certificate', changed(cluster({ 'insecure-skip-tls-verify': true }))],
    ['a second user', changed(({ users }) => void users.push({ name: 'b', user: { exec: {} } }))],
    ['a context of another user', changed(({ contexts }) => void (contexts[0] = { name: 'x', context: {} }))],
    ['an extension', changed((config) => void (config['extensions'] = []))],
    ['YAML', 'apiVersion: v1\nkind: Config\n'],
    ['null', 'null'],
    ['a list', '[]'],
    ['nothing', ''],
  ])('is not taken with %s in it', (_what, text) => {
    expect(readPlaygroundKubeconfig(text)).toBeUndefined();
  });
});

describe('a running playground as the cluster that nobody named', () => {
  let temp: string;
  let folder: string;
  beforeEach(() => {
    temp = mkdtempSync(path.join(tmpdir(), 'playground-cluster-'));
    folder = openOwnFolder(ownFolder({ XDG_RUNTIME_DIR: temp }));
  });
  afterEach(() => rmSync(temp, { recursive: true, force: true }));

  const word = () => ({ pid: process.pid, kubeconfig: temp, gatewayUrl: '', serviceUrl: '' });
  const choose = () => chooseCluster({}, { env: { XDG_RUNTIME_DIR: temp }, home: undefined });

  it('is entered by what it left, which is read once', () => {
    announcePlayground(word(), folder, access);
    const choice = choose();
    expect(choice.kubeconfigs).toEqual([path.join(folder, `playground-${process.pid}.kubeconfig`)]);
    // Gone or exchanged meanwhile: it makes no difference any more.
    rmSync(folder, { recursive: true });
    const config = loadKubeConfig(choice);
    expect([config.server, config.user.token]).toEqual([access.server, access.token]);
  });

  it('is not entered by anything but a loopback server and a token', () => {
    announcePlayground(word(), folder, access);
    const planted = changed(user({ exec: { command: 'touch' } }));
    writeOwnFile(folder, `playground-${process.pid}.kubeconfig`, planted);
    expect(choose).toThrow(/is not what the playground \(process \d+\) wrote/);
  });

  it('is told to act only on this machine', () => {
    announcePlayground({ ...word(), controlUrl: 'http://example.org/token' }, folder, access);
    expect(findRunningPlayground(folder)?.controlUrl).toBeUndefined();
    announcePlayground({ ...word(), controlUrl: 'http://127.0.0.1:1/token' }, folder, access);
    expect(findRunningPlayground(folder)?.controlUrl).toBe('http://127.0.0.1:1/token');
  });

  it('needs a file with --context where there is no home folder', () => {
    expect(() => chooseCluster({ context: 'prod' }, { env: {}, home: undefined })).toThrow(
      '--context prod: there is no home folder to look for .kube/config in (HOME is not set); name a file with --kubeconfig.',
    );
  });
});
