import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { ClusterError, isAmbiguous, isTransient } from '../../../../scripts/shared/cluster/errors.ts';
import { chooseProxy } from '../../../../scripts/shared/cluster/network/proxy.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { clients, startRecordingProxy, startRecordingServer } from '../../../support/recording-server.ts';
import type { RecordingProxy, RecordingServer } from '../../../support/recording-server.ts';
import { json, startFakeApiServer } from './fake-api-server.ts';

let folder: string;
let server: RecordingServer;
let proxy: RecordingProxy;
const open: Cluster[] = [];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'network-'));
  server = await startRecordingServer();
  proxy = await startRecordingProxy();
});
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
  await server.close();
  await proxy.close();
  rmSync(folder, { recursive: true, force: true });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function connect(cluster: object, env: Record<string, string> = {}): Promise<Cluster> {
  const file = path.join(folder, 'kubeconfig');
  const usual = {
    server: server.url,
    'certificate-authority-data': base64(server.certificate.certPem),
    // Whatever the server is called, its certificate names this.
    'tls-server-name': 'localhost',
  };
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { ...usual, ...cluster } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  const choice = { kubeconfigs: [file] };
  const made = await connectCluster(choice, { fieldManager: 'test', retryForMs: 0, timeoutMs: 2000, env });
  open.push(made);
  return made;
}

async function errorOf(promise: Promise<unknown>): Promise<ClusterError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ClusterError)) throw new Error(`expected a ClusterError, got ${String(error)}`);
  return error;
}

describe('a proxy', () => {
  it('that the surroundings name carries requests and port-forwards to a name that only it can look up', async () => {
    const address = `api.invalid:${server.port}`;
    const cluster = await connect({ server: `https://${address}` }, { HTTPS_PROXY: proxy.url });
    expect(await cluster.forward('shop', 'a-pod', 15000).request('/')).toMatchObject({ body: 'hi' });
    expect(proxy.asked).toEqual([`CONNECT ${address}`, `CONNECT ${address}`]);
    expect(server.requests.map(({ isUpgrade }) => isUpgrade)).toEqual([false, true]);
  });

  it('that the cluster names has the say over the surroundings, and is shown its own password only', async () => {
    const cluster = await connect(
      { 'proxy-url': proxy.url.replace('//', '//me:p%40ss@') },
      { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*' },
    );
    await cluster.forward('shop', 'a-pod', 15000).request('/');
    const asked = `CONNECT 127.0.0.1:${server.port} basic me:p@ss`;
    expect(proxy.asked).toEqual([asked, asked]);
    expect(server.requests.map(({ credentials }) => credentials)).toEqual([
      ['authorization: Bearer t'],
      ['authorization: Bearer t'],
    ]);
  });

  it('before a plain HTTP server is asked for the whole address, and passes port-forwards on', async () => {
    const plain = await startFakeApiServer();
    try {
      plain.otherwise = json(200, { items: [] });
      plain.onForward = (send) => () => send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi');
      const { port } = new URL(plain.url);
      const insecure = { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined };
      const cluster = await connect(
        { server: `http://api.invalid:${port}`, ...insecure },
        { HTTP_PROXY: proxy.url },
      );
      expect((await cluster.forward('shop', 'a-pod', 15000).request('/')).body).toBe('hi');
      expect(proxy.asked).toEqual([`GET http://api.invalid:${port}/version`, `CONNECT api.invalid:${port}`]);
    } finally {
      await plain.close();
    }
  });

  it('that refuses is named, and who named it; the API server is not blamed', async () => {
    proxy.refuse = 407;
    const address = `api.invalid:${server.port}`;
    const error = await errorOf(connect({ server: `https://${address}` }, { https_proxy: proxy.url }));
    expect(error.message).toBe(
      `The proxy ${proxy.url} (https_proxy) does not let us through to ${address}: 407 No (get the version)`,
    );
    expect([isTransient(error), isAmbiguous(error)]).toEqual([false, false]);
  });

  it('that is not there is named without its password', async () => {
    const gone = await startRecordingProxy();
    await gone.close();
    const error = await errorOf(connect({ 'proxy-url': gone.url.replace('//', '//me:s3cret@') }));
    expect(error.message).toBe(
      `The proxy ${gone.url} (proxy-url of cluster "c") does not answer: connect ECONNREFUSED 127.0.0.1:${gone.port} (get the version)`,
    );
    expect([isTransient(error), isAmbiguous(error)]).toEqual([true, false]);
  });

  it('of SOCKS, or at an address that is none, is refused by who named it', () => {
    const choose = (address: string, env: Record<string, string>) =>
      chooseProxy(new URL(address), { proxyUrl: '', clusterName: 'c', env });
    expect(() => choose('https://api.example', { HTTPS_PROXY: 'socks5://127.0.0.1:1080' })).toThrow(
      'HTTPS_PROXY: a SOCKS proxy is not supported; name an http:// or https:// proxy.',
    );
    expect(() => choose('https://api.example', { https_proxy: 'http://' })).toThrow(
      'https_proxy: it must be',
    );
    expect(choose('https://api.example', { HTTPS_PROXY: '', https_proxy: 'proxy:3128' })?.url.href).toBe(
      'http://proxy:3128/',
    );
  });

  it.each([
    ['https://api.example:6443', 'api.example', true],
    ['https://api.example:6443', 'api.example:443', false],
    ['https://api.example', 'api.example:443', true],
    ['https://my.api.example', 'api.example', true],
    ['https://myapi.example', 'api.example', false],
    ['https://api.example', '.example', true],
    ['https://api.example', '*.example', true],
    ['https://example', '.example', false],
    ['https://bücher.example', 'BÜCHER.example', true],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.0/33, 10.1.2.3:443', true],
    ['https://10.1.2.3', '10.1.2.4', false],
    ['https://[fd00::1]:6443', 'fd00:0::/16', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://api.example', 'x,,:,/ ,*', true],
    ['https://api.example', 'x *', false],
    ['https://localhost:6443', '', true],
    ['https://127.9.9.9:6443', '', true],
    ['https://[::1]:6443', '', true],
  ])('is passed by for %s when NO_PROXY is %s: %s', (address, noProxy, isPassed) => {
    const env = { HTTPS_PROXY: 'http://proxy', NO_PROXY: noProxy };
    expect(chooseProxy(new URL(address), { proxyUrl: '', clusterName: 'c', env }) === undefined).toBe(
      isPassed,
    );
  });
});

describe('what fails before a request is sent', () => {
  it.each<[string, () => object, RegExp]>([
    [
      'a name that nobody can look up',
      () => ({ server: 'https://api.invalid' }),
      /^The name of the API server at https:\/\/api\.invalid cannot be looked up \(get the version\): getaddrinfo /,
    ],
    [
      'a certificate of somebody else',
      () => ({ 'certificate-authority-data': base64(clients.bob.certPem) }),
      /^The certificate of the API server at \S+ is not trusted \(get the version\): self-signed certificate \(certificate-authority in the kubeconfig says whom to trust\)$/,
    ],
    [
      'a certificate for another name',
      () => ({ 'tls-server-name': 'elsewhere.example' }),
      /^The certificate of the API server at \S+ is not trusted .*elsewhere\.example.*tls-server-name/,
    ],
  ])('is told as what it is: %s', async (_what, cluster, message) => {
    const error = await errorOf(connect(cluster()));
    expect(error.message).toMatch(message);
    expect(isAmbiguous(error)).toBe(false);
    expect(server.requests).toEqual([]);
  });

  it('is told as what it is: a server without TLS', async () => {
    const plain = net.createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    const error = await errorOf(connect({ server: `https://127.0.0.1:${port}` }));
    plain.close();
    expect(error.message).toContain(
      `There is no TLS connection to the API server at https://127.0.0.1:${port}`,
    );
  });

  it('is not asked again for: a certificate does not become right', async () => {
    const error = await errorOf(connect({ 'tls-server-name': 'elsewhere.example' }));
    expect(isTransient(error)).toBe(false);
  });
});

describe('credentials', () => {
  it('do not follow redirects of the server', async () => {
    const heard: string[] = [];
    const thief = http.createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
    const elsewhere = `http://127.0.0.1:${(thief.address() as AddressInfo).port}`;
    const plain = await startFakeApiServer();
    try {
      plain.otherwise = (_asked, response) =>
        response.writeHead(302, { location: `${elsewhere}/login` }).end();
      const cluster = await connect({
        server: plain.url,
        ...{ 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined },
      });
      const error = await errorOf(cluster.list(resources.pods));
      expect(error.message).toBe(
        `The API server at ${plain.url} redirects to ${elsewhere}, which the kubeconfig does not name (list pods)`,
      );
      expect(heard).toEqual([]);
    } finally {
      await plain.close();
      thief.close();
    }
  });
});
