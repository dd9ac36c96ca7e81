import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../scripts/shared/cluster/cluster.ts';
import { UsageError } from '../../scripts/shared/errors.ts';
import { clients, startRecordingProxy, startRecordingServer } from '../support/recording-server.ts';
import type { RecordedRequest, RecordingProxy, RecordingServer } from '../support/recording-server.ts';
import { findTools } from '../support/tools/tools.ts';

/**
 * The same kubeconfig, plugin and variables through the real kubectl
 * and through us, against one server that remembers what it was sent.
 */

const tools = await findTools();
const forTools = typeof tools === 'string' ? describe.skip : describe;
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';

interface Case {
  user?: object;
  cluster?: object;
  env?: Record<string, string>;
  /** The address in the kubeconfig. Default: the server's own. */
  server?: (port: number) => string;
}

/** An address that only the proxy can look up. */
const named = {
  server: (port: number) => `https://api.invalid:${port}`,
  cluster: { 'tls-server-name': 'localhost' },
};

let folder: string;
let server: RecordingServer;
let proxy: RecordingProxy;
beforeAll(async () => {
  // kubectl gets none either.
  Object.defineProperty(process.stdin, 'isTTY', { value: false, configurable: true });
  folder = mkdtempSync(path.join(tmpdir(), 'credentials-oracle-'));
  mkdirSync(path.join(folder, 'there'));
  server = await startRecordingServer();
  proxy = await startRecordingProxy();
  write('ca.pem', server.certificate.certPem);
  write('token', 'of-the-file\n');
  write('empty', '\n');
  for (const [name, { certPem, keyPem }] of Object.entries(clients)) {
    write(`${name}.pem`, certPem);
    write(`${name}-key.pem`, keyPem);
  }
  write('garbage.pem', 'no certificate');
  for (const version of ['v1', 'v1beta1']) plugin(`login-${version}.sh`, version, `"token":"of-the-plugin"`);
  const { certPem, keyPem } = clients.bob;
  const pair = `"clientCertificateData":${JSON.stringify(certPem)},"clientKeyData":${JSON.stringify(keyPem)}`;
  plugin('login-by-certificate.sh', 'v1', pair);
  plugin('login-expired.sh', 'v1', '"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"');
  plugin('wrong-version.sh', 'v1beta1', '"token":"t"');
  plugin('half.sh', 'v1', '"clientKeyData":"x"');
  plugin('number.sh', 'v1', '"token":7');
  plugin('time.sh', 'v1', '"token":"t","expirationTimestamp":"tomorrow"');
  plugin('empty-status.sh', 'v1', '');
  script('chatter.sh', 'echo Welcome');
  script('fails.sh', 'exit 3');
  script('silent.sh', 'true');
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  server.requests.length = 0;
  proxy.asked.length = 0;
});

const at = (name: string) => path.join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);
const script = (name: string, body: string) =>
  writeFileSync(at(name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
/** Leaves what it was told and what it saw beside itself. */
const plugin = (name: string, version: string, status: string) =>
  script(
    name,
    `printf '%s' "$KUBERNETES_EXEC_INFO" > ${at('told')}
printf '%s|%s|%s' "$1" "$OURS" "$INHERITED" > ${at('seen')}
cat <<'END'
{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/${version}","status":{${status}}}
END`,
  );
const exec = (command: string, more: object = {}) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', command, ...more },
});

function kubeconfigOf({ user = {}, cluster = {}, server: address }: Case): string {
  const file = at('kubeconfig');
  const entry = {
    server: (address ?? (() => server.url))(server.port),
    'certificate-authority': 'ca.pem',
    ...cluster,
  };
  const text = JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: entry }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  });
  writeFileSync(file, text);
  return file;
}

interface Seen {
  /** The first, without the number of its connection. */
  request: RecordedRequest | undefined;
  proxy: string[];
  told: unknown;
  seen: string | undefined;
}

/** What one of the two did, beginning with nothing remembered. */
async function watched(run: () => Promise<unknown>): Promise<Seen & { result: unknown }> {
  server.requests.length = 0;
  proxy.asked.length = 0;
  for (const left of ['told', 'seen']) rmSync(at(left), { force: true });
  const result = await run();
  const left = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : undefined);
  const [first] = server.requests;
  const told = left('told');
  return {
    request: first === undefined ? undefined : { ...first, connection: 0 },
    proxy: [...proxy.asked],
    told: told === undefined || told === '' ? told : JSON.parse(told),
    seen: left('seen'),
    result,
  };
}

const surroundings = (env: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  INHERITED: 'from us',
  ...env,
});

function byKubectl(kubeconfig: string, env: Case['env']): Promise<number | null> {
  if (typeof tools === 'string') throw new Error(tools);
  const { kubectl } = tools;
  return new Promise((resolve, reject) => {
    const args = ['--kubeconfig', kubeconfig, 'get', '--raw', '/version', '--request-timeout', '10s'];
    const child = spawn(kubectl, args, { cwd: at('there'), env: surroundings(env), stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', resolve);
  });
}

/** What went wrong, or undefined. */
async function byUs(kubeconfig: string, env: Case['env']): Promise<unknown> {
  try {
    const choice = { kubeconfigs: [kubeconfig] };
    const cluster = await connectCluster(choice, {
      fieldManager: 'test',
      retryForMs: 0,
      env: surroundings(env),
    });
    await cluster.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

forTools(`a request of ours carries what kubectl’s carries${why}`, () => {
  const impersonation = {
    as: 'älice',
    'as-uid': '7',
    'as-groups': ['system:masters', 'a, b'],
    'as-user-extra': { scopes: ['one', 'two'], 'acme.com/Projekt ü%': ['x'], none: [] },
  };
  const cases: Record<string, Case> = {
    'a token': { user: { token: 'of-the-config' } },
    'a token with letters beyond ASCII': { user: { token: 'über' } },
    'the token of a file beside the kubeconfig': { user: { tokenFile: 'token' } },
    'the token of a file, with another beside it': { user: { tokenFile: 'token', token: 'of-the-config' } },
    'a token whose file is not there': { user: { tokenFile: 'gone', token: 'of-the-config' } },
    'a user name and a password': { user: { username: 'me', password: 'a:ü' } },
    'a user name alone': { user: { username: 'me' } },
    'a certificate and a key by their files': {
      user: { 'client-certificate': 'alice.pem', 'client-key': 'alice-key.pem' },
    },
    'a certificate and a key by their content': {
      user: {
        'client-certificate-data': Buffer.from(clients.alice.certPem).toString('base64'),
        'client-key-data': Buffer.from(clients.alice.keyPem).toString('base64'),
      },
    },
    'a certificate and a token': {
      user: { token: 't', 'client-certificate': 'alice.pem', 'client-key': 'alice-key.pem' },
    },
    'a login command beside the kubeconfig': { user: exec('./login-v1.sh') },
    'a login command of the first contract, without interactiveMode': {
      user: exec('./login-v1beta1.sh', {
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        interactiveMode: undefined,
      }),
    },
    'a login command on PATH, with arguments and variables': {
      user: exec('login-v1.sh', {
        args: ['first'],
        env: [
          { name: 'OURS', value: 'a=b' },
          { name: 'PATH', value: '/bin' },
        ],
      }),
      env: { PATH: '/nowhere:FOLDER:/usr/bin:/bin' },
    },
    'a login command that is told about the cluster': {
      user: exec('./login-v1.sh', { provideClusterInfo: true }),
      cluster: {
        'tls-server-name': 'kubernetes',
        'disable-compression': true,
        extensions: [
          { name: 'client.authentication.k8s.io/exec', extension: { audience: ['x'], n: 1 } },
          { name: 'other', extension: { a: 1 } },
        ],
      },
    },
    'a login command that is told about a server with a path': {
      user: exec('./login-v1.sh', { provideClusterInfo: true }),
      server: (port) => `https://127.0.0.1:${port}/k8s/clusters/c-1/?x=y`,
    },
    'a login command that is told that nobody is trusted': {
      user: exec('./login-v1.sh', { provideClusterInfo: true }),
      cluster: { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true },
    },
    'a login command that gives a certificate': { user: exec('./login-by-certificate.sh') },
    'a login command that gives a token long out of date': { user: exec('./login-expired.sh') },
    'a token beside a login command, which is not run': { user: { token: 't', ...exec('./login-v1.sh') } },
    'a certificate beside a login command, which is not run': {
      user: { 'client-certificate': 'alice.pem', 'client-key': 'alice-key.pem', ...exec('./login-v1.sh') },
    },
    'somebody to act as': { user: { token: 't', ...impersonation } },
    'somebody to act as, after a login command': {
      user: { ...exec('./login-v1.sh', { args: ['once more'] }), as: 'bob' },
    },
    'another name of the server': { user: { token: 't' }, cluster: { 'tls-server-name': 'localhost' } },
    'an address as the name of the server': {
      user: { token: 't' },
      cluster: { 'tls-server-name': '127.0.0.1' },
      server: (port) => `https://localhost:${port}`,
    },
    'a server that need not prove who it is': {
      user: { token: 't' },
      cluster: { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true },
    },
    'a server behind a path': { user: { token: 't' }, server: (port) => `https://127.0.0.1:${port}/k8s/` },
    'the machine’s own certificates, by SSL_CERT_FILE': {
      user: { token: 't' },
      cluster: { 'certificate-authority': undefined },
      env: { SSL_CERT_FILE: 'FOLDER/ca.pem' },
    },
    'no compression': { user: { token: 't' }, cluster: { 'disable-compression': true } },
    'a proxy of the cluster, also to the loopback': {
      user: { token: 't' },
      cluster: { 'proxy-url': 'PROXY' },
    },
    'a proxy with a password': {
      user: { token: 't' },
      cluster: { 'proxy-url': 'http://me:p%40ss@PROXYHOST' },
    },
    HTTPS_PROXY: { user: { token: 't' }, ...named, env: { HTTPS_PROXY: 'PROXY' } },
    'https_proxy without a scheme': {
      user: { token: 't' },
      ...named,
      env: { https_proxy: 'PROXYHOST' },
    },
    'HTTPS_PROXY, which does not mean the loopback': { user: { token: 't' }, env: { HTTPS_PROXY: 'PROXY' } },
    'HTTP_PROXY, which does not mean HTTPS': { user: { token: 't' }, env: { HTTP_PROXY: 'PROXY' } },
    'a login command that is told about no proxy of the surroundings': {
      user: exec('./login-v1.sh', { provideClusterInfo: true }),
      ...named,
      env: { HTTPS_PROXY: 'PROXY' },
    },
    'NO_PROXY that names others': {
      user: { token: 't' },
      ...named,
      env: { HTTPS_PROXY: 'PROXY', NO_PROXY: 'example.org,.api.invalid,10.0.0.0/8,pi.api.invalid,*.org' },
    },
  };
  const filled = (text: string) =>
    text
      .replace('PROXYHOST', `127.0.0.1:${proxy.port}`)
      .replace('PROXY', proxy.url)
      .replace('FOLDER', folder);

  it.each(Object.entries(cases))(
    '%s',
    async (_name, one) => {
      const env = Object.fromEntries(
        Object.entries(one.env ?? {}).map(([key, value]) => [key, filled(value)]),
      );
      const proxyUrl = (one.cluster as { 'proxy-url'?: string } | undefined)?.['proxy-url'];
      const cluster = {
        ...one.cluster,
        ...(proxyUrl === undefined ? {} : { 'proxy-url': filled(proxyUrl) }),
      };
      const kubeconfig = kubeconfigOf({ ...one, cluster });
      const theirs = await watched(() => byKubectl(kubeconfig, env));
      const ours = await watched(() => byUs(kubeconfig, env));
      expect([theirs.result, ours.result]).toEqual([0, undefined]);
      expect({ ...ours, result: 'sent' }).toEqual({ ...theirs, result: 'sent' });
      expect(theirs.request?.path).toMatch(/version$/);
    },
    30_000,
  );

  it('goes past the proxy for what NO_PROXY names', async () => {
    const names = [
      '*',
      'api.invalid',
      'x, api.invalid',
      '*.invalid',
      '.invalid',
      'invalid',
      'API.INVALID',
      `api.invalid:${server.port}`,
    ];
    for (const NO_PROXY of names) {
      const env = { HTTPS_PROXY: proxy.url, NO_PROXY };
      const kubeconfig = kubeconfigOf({ user: { token: 't' }, ...named });
      // Nobody can look the name up.
      const theirs = await watched(() => byKubectl(kubeconfig, env));
      const ours = await watched(() => byUs(kubeconfig, env));
      expect([NO_PROXY, theirs.proxy, ours.proxy]).toEqual([NO_PROXY, [], []]);
      expect(String(ours.result)).toContain('cannot be looked up');
    }
  }, 60_000);
});

forTools(`what kubectl refuses before it asks the server, we refuse${why}`, () => {
  const cert = { 'client-certificate': 'alice.pem', 'client-key': 'alice-key.pem' };
  const data = (text: string) => Buffer.from(text).toString('base64');
  const cases: Record<string, Case> = {
    'a token and a user name': { user: { token: 't', username: 'me' } },
    'a token’s file and a user name': { user: { tokenFile: 'token', username: 'me' } },
    'a token’s file that is not there': { user: { tokenFile: 'gone' } },
    'a token’s file that is empty': { user: { tokenFile: 'empty' } },
    'a token with a line break': { user: { token: 'a\nb' } },
    'a certificate without a key': { user: { 'client-certificate': 'alice.pem' } },
    'a certificate twice': { user: { ...cert, 'client-certificate-data': data('x') } },
    'a key twice': { user: { ...cert, 'client-key-data': data('x') } },
    'a certificate that is not there': { user: { ...cert, 'client-certificate': 'gone' } },
    'a key that is not there': { user: { ...cert, 'client-key': 'gone' } },
    'a certificate that is none': { user: { ...cert, 'client-certificate': 'garbage.pem' } },
    'a key that is none': { user: { ...cert, 'client-key': 'garbage.pem' } },
    'the key of another certificate': { user: { ...cert, 'client-key': 'bob-key.pem' } },
    'an authority that is not there': { user: { token: 't' }, cluster: { 'certificate-authority': 'gone' } },
    'an authority that is none': {
      user: { token: 't' },
      cluster: { 'certificate-authority': 'garbage.pem' },
    },
    'an authority twice': { user: { token: 't' }, cluster: { 'certificate-authority-data': data('x') } },
    'an authority and no verification': {
      user: { token: 't' },
      cluster: { 'insecure-skip-tls-verify': true },
    },
    'groups without a user to act as': { user: { token: 't', 'as-groups': ['a'] } },
    'a uid without a user to act as': { user: { token: 't', 'as-uid': '7' } },
    'extra fields without a user to act as': { user: { token: 't', 'as-user-extra': { a: ['b'] } } },
    'a user to act as with a line break': { user: { token: 't', as: 'a\nb' } },
    'a login command without a name': { user: exec('') },
    'a login command without a version': { user: exec('./login-v1.sh', { apiVersion: '' }) },
    'a login command of the contract’s withdrawn version': {
      user: exec('./login-v1.sh', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
    },
    'a login command without interactiveMode': {
      user: exec('./login-v1.sh', { interactiveMode: undefined }),
    },
    'a login command with an unheard-of interactiveMode': {
      user: exec('./login-v1.sh', { interactiveMode: 'Maybe' }),
    },
    'a login command that wants a terminal': { user: exec('./login-v1.sh', { interactiveMode: 'Always' }) },
    'a login command with a variable without a name': {
      user: exec('./login-v1.sh', { env: [{ value: 'x' }] }),
    },
    'a login command that is not installed': { user: exec('no-such-login') },
    'a login command that is not there': { user: exec('./gone.sh') },
    'a login command that may not be executed': { user: exec('./garbage.pem') },
    'a login command that fails': { user: exec('./fails.sh') },
    'a login command that prints no JSON': { user: exec('./chatter.sh') },
    'a login command that prints nothing': { user: exec('./silent.sh') },
    'a login command that answers in another version': { user: exec('./wrong-version.sh') },
    'a login command that gives a key without a certificate': { user: exec('./half.sh') },
    'a login command that gives nothing': { user: exec('./empty-status.sh') },
    'a login command whose token is a number': { user: exec('./number.sh') },
    'a login command whose time is none': { user: exec('./time.sh') },
    'an auth-provider that kubectl has no more': { user: { 'auth-provider': { name: 'gcp' } } },
    'an auth-provider that nobody knows': { user: { 'auth-provider': { name: 'tokenFile' } } },
    'a login command and an auth-provider': {
      user: { ...exec('./login-v1.sh'), 'auth-provider': { name: 'oidc' } },
    },
    'a proxy of an unheard-of kind': { user: { token: 't' }, cluster: { 'proxy-url': 'ftp://proxy' } },
    'a proxy without a scheme': { user: { token: 't' }, cluster: { 'proxy-url': 'proxy:3128' } },
    'a server that is signed by somebody else': {
      user: { token: 't' },
      cluster: { 'certificate-authority': 'bob.pem' },
    },
    'a server of another name': { user: { token: 't' }, cluster: { 'tls-server-name': 'elsewhere.example' } },
  };

  it.each(Object.entries(cases))(
    '%s',
    async (_name, one) => {
      const kubeconfig = kubeconfigOf(one);
      const theirs = await watched(() => byKubectl(kubeconfig, {}));
      const ours = await watched(() => byUs(kubeconfig, {}));
      expect(theirs.result).toBe(1);
      expect([theirs.request, ours.request]).toEqual([undefined, undefined]);
      expect(ours.result).toBeInstanceOf(Error);
      expect((ours.result as Error).message).not.toContain('does not answer');
    },
    30_000,
  );
});

/** Each with its reason. */
forTools(`where we differ from kubectl on purpose${why}`, () => {
  const both = async (one: Case) => {
    const kubeconfig = kubeconfigOf(one);
    return {
      theirs: await watched(() => byKubectl(kubeconfig, one.env)),
      ours: await watched(() => byUs(kubeconfig, one.env)),
    };
  };

  it('nobody is asked for a user name: a user who names no credentials sends none', async () => {
    const { theirs, ours } = await both({ user: {} });
    expect([theirs.result, theirs.request]).toEqual([1, undefined]);
    expect(ours.request).toMatchObject({ credentials: [] });
  }, 30_000);

  it('a server, a cluster or a user that is not named is not guessed: kubectl would go to localhost:8080', async () => {
    const { ours } = await both({ user: { token: 't' }, cluster: { server: '' } });
    expect(ours.result).toBeInstanceOf(UsageError);
    expect(String(ours.result)).toContain('The cluster "c" of context "c" names no server');
  }, 30_000);

  it('a SOCKS proxy is refused by its name', async () => {
    const { ours } = await both({ user: { token: 't' }, cluster: { 'proxy-url': 'socks5://127.0.0.1:1' } });
    expect(ours.result).toBeInstanceOf(UsageError);
    expect(String(ours.result)).toContain('proxy-url of cluster "c": a SOCKS proxy is not supported');
  }, 30_000);

  it('an auth-provider is refused by its name, also the one that kubectl still has', async () => {
    const { ours } = await both({ user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 't' } } } });
    expect(ours.result).toBeInstanceOf(UsageError);
    expect(String(ours.result)).toContain('user "u": auth-provider oidc is not supported');
  }, 30_000);
});
