import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Cluster, ConnectOptions } from '../../../../scripts/shared/cluster/cluster.ts';
import { LoginError } from '../../../../scripts/shared/cluster/credentials/exec-plugin.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { clients, startRecordingServer } from '../../../support/recording-server.ts';
import type { RecordingServer } from '../../../support/recording-server.ts';

let folder: string;
let server: RecordingServer;
const open: Cluster[] = [];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'credentials-'));
  server = await startRecordingServer();
  // Jest may run on a terminal; these are about programs without one.
  Object.defineProperty(process.stdin, 'isTTY', { value: false, configurable: true });
});
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string) => path.join(folder, name);

async function connect(user: object, options: Partial<ConnectOptions> = {}): Promise<Cluster> {
  const ca = Buffer.from(server.certificate.certPem).toString('base64');
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(at('kubeconfig'), JSON.stringify(config));
  const cluster = await connectCluster(
    { kubeconfigs: [at('kubeconfig')] },
    { fieldManager: 'test', retryForMs: 0, timeoutMs: 5000, ...options },
  );
  open.push(cluster);
  return cluster;
}

/**
 * A login command: each run is one character in the file `runs`, and
 * prints what `answers` says for it; the last one again and again.
 */
function loginCommand(...answers: object[]): object {
  answers.forEach((status, index) =>
    writeFileSync(
      at(`answer-${index + 1}`),
      JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status }),
    ),
  );
  return script(`printf x >> ${at('runs')}
n=$(wc -c < ${at('runs')})
[ -f ${at('answer-$n')} ] || n=${answers.length}
cat ${at('answer-$n')}`);
}

function script(body: string, more: object = {}): object {
  writeFileSync(at('login.sh'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const apiVersion = 'client.authentication.k8s.io/v1';
  return { exec: { apiVersion, interactiveMode: 'Never', command: './login.sh', ...more } };
}

const runs = (): number => (existsSync(at('runs')) ? readFileSync(at('runs'), 'utf8').length : 0);
const shown = () => server.requests.map(({ credentials }) => credentials.join(', '));
const messageOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'it worked',
    (error: unknown) => (error as Error).message,
  );

describe('the token of a file', () => {
  it('is read anew for every request, and the last one counts while the file is not there', async () => {
    writeFileSync(at('token'), 'one\n');
    const cluster = await connect({ tokenFile: 'token' });
    writeFileSync(at('token'), 'two');
    await cluster.version();
    rmSync(at('token'));
    await cluster.version();
    writeFileSync(at('token'), 'three');
    await cluster.forward('shop', 'a-pod', 15000).request('/');
    expect(shown()).toEqual(['one', 'two', 'two', 'three'].map((token) => `authorization: Bearer ${token}`));
  });

  it('that has changed when the server refuses it is tried once more', async () => {
    writeFileSync(at('token'), 'one');
    const cluster = await connect({ tokenFile: 'token' });
    server.next(401);
    const refused = messageOf(cluster.version());
    expect(await refused).toBe('get the version: 401 Unauthorized: no');
    expect(server.requests).toHaveLength(2);
  });
});

describe('a login command', () => {
  it('is run once for all requests until its answer is out of date, and then once more', async () => {
    const soon = new Date(Date.now() + 1500).toISOString();
    const cluster = await connect(
      loginCommand({ token: 'one', expirationTimestamp: soon }, { token: 'two' }),
    );
    await Promise.all([1, 2, 3, 4].map(() => cluster.version()));
    expect([runs(), new Set(shown())]).toEqual([1, new Set(['authorization: Bearer one'])]);
    await waitFor(() => Date.now() > Date.parse(soon), {
      deadlineMs: 10_000,
      what: 'the token to be out of date',
    });
    await Promise.all([1, 2, 3, 4].map(() => cluster.version()));
    expect(runs()).toBe(2);
    expect(shown().at(-1)).toBe('authorization: Bearer two');
  });

  it('is run once for two connections to the same cluster', async () => {
    const user = loginCommand({ token: 'one' });
    await connect(user);
    await connect(user);
    expect([runs(), shown()]).toEqual([1, ['authorization: Bearer one', 'authorization: Bearer one']]);
  });

  it('is run once more when the server refuses its token, and the request is repeated once: reads, writes and watches', async () => {
    const cluster = await connect(loginCommand({ token: 'one' }, { token: 'two' }));
    server.next(401);
    await cluster.patch(resources.deployments, 'coffee-shop', {});
    expect(runs()).toBe(2);
    expect(shown().slice(1)).toEqual(['authorization: Bearer one', 'authorization: Bearer two']);
    server.next(401, 401);
    expect(await messageOf(cluster.version())).toBe('get the version: 401 Unauthorized: no');
    expect([runs(), server.requests.length]).toEqual([3, 5]);
  });

  it('is run once more when the server refuses its token for a port-forward', async () => {
    const cluster = await connect(loginCommand({ token: 'one' }, { token: 'two' }));
    server.next(401);
    expect(await cluster.forward('shop', 'a-pod', 15000).request('/')).toMatchObject({
      status: 200,
      body: 'hi',
    });
    expect(shown().slice(1)).toEqual(['authorization: Bearer one', 'authorization: Bearer two']);
  });

  it('that gives another certificate gets new connections, which show it', async () => {
    const soon = new Date(Date.now() + 1500).toISOString();
    const pair = ({ certPem, keyPem }: typeof clients.alice) => ({
      clientCertificateData: certPem,
      clientKeyData: keyPem,
    });
    const cluster = await connect(
      loginCommand({ ...pair(clients.alice), expirationTimestamp: soon }, pair(clients.bob)),
    );
    await cluster.version();
    await waitFor(() => Date.now() > Date.parse(soon), {
      deadlineMs: 10_000,
      what: 'the certificate to be out of date',
    });
    await cluster.version();
    await cluster.version();
    await cluster.forward('shop', 'a-pod', 15000).request('/');
    expect(server.requests.map(({ certificate }) => certificate)).toEqual([
      'alice',
      'alice',
      'bob',
      'bob',
      'bob',
    ]);
    const [first, second, third] = server.requests.map(({ connection }) => connection);
    expect([first, second]).not.toContain(third);
  });

  it('that hangs is given up after its time, with all that it has started', async () => {
    const user = script(`sleep 60 & echo $! > ${at('child')}\nwait`);
    const error = await connect(user, { loginTimeoutMs: 500 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LoginError);
    expect((error as Error).message).toBe(
      `The login command ${at('login.sh')} of user "u" failed: no answer in 0.5 s.`,
    );
    const child = Number(readFileSync(at('child'), 'utf8'));
    const isGone = () =>
      !existsSync(`/proc/${child}`) || /State:\s+Z/.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    if (process.platform === 'linux')
      await waitFor(isGone, { deadlineMs: 10_000, what: 'the child of the login command to be gone' });
  });

  it.each([
    ['ends with a code', 'exit 3', 'exit code 3'],
    ['is killed', 'kill -TERM $$', 'ended by SIGTERM'],
    ['prints no JSON', 'echo Welcome', 'what it printed is no ExecCredential'],
    ['prints a secret that is nothing', `echo '{"token": "s3cret'`, 'what it printed is no ExecCredential'],
    ['prints without an end', 'yes', 'it prints without an end'],
  ])('that %s is named, run once, and nothing is sent', async (_what, body, because) => {
    const message = await messageOf(
      connect(script(`printf x >> ${at('runs')}\n${body}`), { retryForMs: 3000 }),
    );
    expect(message).toContain(`The login command ${at('login.sh')} of user "u" failed: ${because}`);
    expect(message).not.toContain('s3cret');
    expect([runs(), server.requests]).toEqual([1, []]);
  });

  it('that is not installed is named with the hint how to install it, of which no character acts on a terminal', async () => {
    const user = script('', { command: 'no-such-login', installHint: 'brew install \u001b[2Jlogin' });
    expect(await messageOf(connect(user))).toBe(
      'The login command no-such-login of user "u" failed: it is not installed: not found on PATH.\nbrew install \\u001b[2Jlogin',
    );
  });
});

describe('a certificate and a key in files', () => {
  it('are read anew: once both are others, new connections show them', async () => {
    const write = ({ certPem, keyPem }: typeof clients.alice) => {
      writeFileSync(at('cert.pem'), certPem);
      writeFileSync(at('key.pem'), keyPem);
    };
    write(clients.alice);
    const cluster = await connect({ 'client-certificate': 'cert.pem', 'client-key': 'key.pem' });
    // Half of a renewal does not count.
    writeFileSync(at('cert.pem'), clients.bob.certPem);
    await cluster.version();
    write(clients.bob);
    await cluster.version();
    expect(server.requests.map(({ certificate }) => certificate)).toEqual(['alice', 'alice', 'bob']);
  });
});

describe('acting as somebody else', () => {
  it('is said with every field, in requests and in port-forwards alike', async () => {
    const cluster = await connect({
      ...{ token: 't', as: 'alice', 'as-uid': '7', 'as-groups': ['a', 'b'] },
      'as-user-extra': { 'acme.com/x': ['1', '2'] },
    });
    await cluster.forward('shop', 'a-pod', 15000).request('/');
    const all = [
      'authorization: Bearer t',
      ...['impersonate-extra-acme.com%2fx: 1', 'impersonate-extra-acme.com%2fx: 2'],
      ...['impersonate-group: a', 'impersonate-group: b', 'impersonate-uid: 7', 'impersonate-user: alice'],
    ];
    expect(server.requests.map(({ isUpgrade, credentials }) => [isUpgrade, credentials])).toEqual([
      [false, all],
      [true, all],
    ]);
  });
});
