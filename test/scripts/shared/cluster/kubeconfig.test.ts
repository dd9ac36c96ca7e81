import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadKubeConfig } from '../../../../scripts/shared/cluster/config.ts';
import { UsageError } from '../../../../scripts/shared/errors.ts';

/**
 * Compared with the real kubectl in test/kubectl/kubeconfig.test.ts
 * and credentials.test.ts, where there is one.
 */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
  mkdirSync(path.join(folder, 'team'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);
const load = (files: Record<string, string>, choice: { context?: string; namespace?: string } = {}) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  return loadKubeConfig({ kubeconfigs: Object.keys(files).map(at), ...choice });
};

const usual = `
current-context: here
clusters: [{name: c, cluster: {server: https://one}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: here, context: {cluster: c, user: u, namespace: shop}}]
`;

describe('several kubeconfig files', () => {
  it('give each name to the first that has it, and mix nothing within an entry', () => {
    const second = usual.replaceAll('one', 'two').replace('token: t', 'username: other, password: p');
    expect(load({ a: usual, b: second })).toMatchObject({
      server: 'https://one',
      user: { token: 't', username: '' },
    });
  });

  it('choose the context that the first of them names; those that hold nothing say nothing', () => {
    const others = usual.replace('current-context: here', 'current-context: ""');
    expect(
      load({ a: '', b: '# nothing yet\n', c: others, d: 'current-context: here', e: '---\n' }),
    ).toMatchObject({
      context: 'here',
      namespace: 'shop',
    });
    expect(() => load({ a: '', b: others })).toThrow(
      `${[at('a'), at('b')].join(', ')} names no current context; choose one with --context.`,
    );
  });

  it('mean their paths from their own folders', () => {
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(path.join(folder, 'team', name), '');
    const files = {
      'team/a': `
clusters: [{name: c, cluster: {server: https://one, certificate-authority: ca.pem}}]
users: [{name: u, user: {client-certificate: ./cert.pem, client-key: ../team/key.pem, tokenFile: token,
  exec: {command: bin/login, apiVersion: client.authentication.k8s.io/v1beta1}}}]`,
      b: 'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]',
    };
    const { cluster, user, namespace } = load(files);
    expect([cluster['certificate-authority'], user['client-certificate'], user['client-key']]).toEqual(
      ['ca.pem', 'cert.pem', 'key.pem'].map((name) => at(`team/${name}`)),
    );
    expect([user.tokenFile, user.exec?.command]).toEqual([at('team/token'), at('team/bin/login')]);
    expect(namespace).toBe('default');
  });

  it('are judged all of them, by the types that their fields have', () => {
    const wrong = () => load({ a: 'users: [{name: yes}]', b: usual, c: 'kind: Pod' });
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow(
      `${at('a')} is not a usable kubeconfig: users[0].name must be a string, not a boolean; ` +
        `${at('c')} is not a usable kubeconfig: it is a v1 Pod, not a v1 Config`,
    );
  });
});

describe('a context', () => {
  it.each([
    [
      'a cluster that is not there',
      usual.replace('cluster: c,', 'cluster: gone,'),
      'The cluster "gone" of context "here" is not there, in ',
    ],
    [
      'a cluster without a server',
      usual.replace('server: https://one', ''),
      'The cluster "c" of context "here" names no server, in ',
    ],
    [
      'a user who is not there',
      usual.replace('user: u,', 'user: gone,'),
      'The user "gone" of context "here" is not there, in ',
    ],
    [
      'a server of another scheme',
      usual.replace('https', 'ftp'),
      'cluster "c": the server ftp://one has the scheme ftp:',
    ],
    ['a server with a password', usual.replace('//one', '//me:p@one'), 'holds a user name or a password'],
    [
      'a user with an auth-provider',
      usual.replace('token: t', 'auth-provider: {name: oidc}'),
      'The context "here" cannot be used: user "u": auth-provider oidc is not supported: use a login command for OpenID Connect (exec)',
    ],
    [
      'a user with several faults',
      usual.replace('token: t', 'token: t, username: me, as-groups: [a]'),
      'The context "here" cannot be used: user "u": token and username/password are both given; user "u": as-uid, as-groups and as-user-extra want a user to stand in for: as',
    ],
  ])('is refused with %s', (_what, text, message) => {
    expect(() => load({ a: text })).toThrow(UsageError);
    expect(() => load({ a: text })).toThrow(message);
  });

  it('of a plain HTTP server carries credentials only where nobody is to be checked', () => {
    const plain = usual.replace('https', 'http');
    expect(load({ a: plain })).toMatchObject({ server: 'http://one', sendsCredentials: false });
    expect(load({ a: plain.replace('//one', '//one, insecure-skip-tls-verify: true') })).toMatchObject({
      sendsCredentials: true,
    });
  });

  it('takes an address without a scheme for plain HTTP, and drops what follows the path', () => {
    const server = (address: string) => load({ a: usual.replace('https://one', `"${address}"`) }).server;
    expect(server('127.0.0.1:8001')).toBe('http://127.0.0.1:8001');
    expect(server('https://rancher/k8s/clusters/c-1/?x=y')).toBe('https://rancher/k8s/clusters/c-1');
    expect(server('https://[::1]:6443/')).toBe('https://[::1]:6443');
  });

  it('gives way to the namespace that was asked for, unless that is empty', () => {
    expect(load({ a: usual }, { namespace: 'other' }).namespace).toBe('other');
    expect(load({ a: usual }, { namespace: '' }).namespace).toBe('shop');
  });
});
