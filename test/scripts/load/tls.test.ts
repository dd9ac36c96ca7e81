import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createCertificate } from '../../../scripts/shared/certificate.ts';
import { closedPort } from './fault-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const day = 86_400_000;

let folder: string;
/** Good for localhost and 127.0.0.1, and known to nobody. */
const own = createCertificate();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'load-tls-'));
});
afterAll(() => rm(folder, { recursive: true }));

let close: (() => Promise<unknown>) | undefined;
let requests = 0;
afterEach(async () => {
  await close?.();
  close = undefined;
  requests = 0;
});

async function listen(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    ends.add(socket);
  });
  const ends = new Set<net.Socket>();
  close = () => {
    for (const socket of ends) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveTls = (options: ServerOptions): Promise<string> =>
  listen(
    createServer(options, (_, response) => {
      requests += 1;
      response.end('{}');
    }).on('tlsClientError', () => undefined),
  );

/** A certificate made when this machine's clock shows another time. */
function certificateMadeAt(ms: number) {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(ms);
  try {
    return createCertificate();
  } finally {
    clock.mockRestore();
  }
}

async function fileOf(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

async function load(url: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const all = ['--import', 'tsx', 'scripts/load/main.ts', `--url=${url}`, '--duration=200ms', ...args];
  const child = spawn(process.execPath, all, { cwd: root, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

/** One line, nothing sent, exit code 1. */
async function expectRefusal(url: string, said: RegExp, args: string[] = []): Promise<void> {
  const { code, stdout, stderr } = await load(url, args);
  expect(stderr).toMatch(said);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect({ code, stdout, requests }).toEqual({ code: 1, stdout: '', requests: 0 });
}

describe('a target that cannot be used over TLS', () => {
  it('with a self-signed certificate: why, and both ways to trust it', async () => {
    const host = await serveTls({ cert: own.certPem, key: own.keyPem });
    await expectRefusal(
      `https://${host}/`,
      /The certificate of 127\.0\.0\.1:\d+ is not trusted: it is self-signed \(playground; DEPTH_ZERO_SELF_SIGNED_CERT\)\. Trust it with --ca-file FILE, or NODE_EXTRA_CA_CERTS=FILE/,
    );
    const ca = await fileOf('own.pem', own.certPem);
    expect(await load(`https://${host}/`, [`--ca-file=${ca}`])).toMatchObject({ code: 0 });
    expect(await load(`https://${host}/`, [], { NODE_EXTRA_CA_CERTS: ca })).toMatchObject({ code: 0 });
    expect(requests).toBe(200);
  });

  it('with a certificate that expired, or is not valid yet: since when, until when', async () => {
    const old = certificateMadeAt(Date.now() - 800 * day);
    await expectRefusal(
      `https://${await serveTls({ cert: old.certPem, key: old.keyPem })}/`,
      /is not trusted: it expired on \d{4}-\d\d-\d\d \(playground; CERT_HAS_EXPIRED\)\. Renew it/,
      [`--ca-file=${await fileOf('old.pem', old.certPem)}`],
    );
    await close?.();
    const early = certificateMadeAt(Date.now() + 800 * day);
    await expectRefusal(
      `https://${await serveTls({ cert: early.certPem, key: early.keyPem })}/`,
      /is not trusted: it is valid from \d{4}-\d\d-\d\d on only \(playground; CERT_NOT_YET_VALID\)/,
      [`--ca-file=${await fileOf('early.pem', early.certPem)}`],
    );
  });

  it('with a certificate of an unknown authority, or for another name: which one, which names', async () => {
    const openssl = (command: string): void => {
      const { status, stderr } = spawnSync('openssl', command.split(' '), { cwd: folder, encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    };
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
    openssl(`req -x509 ${key} -keyout ca.key -out ca.crt -subj /CN=beans`);
    openssl(`req ${key} -keyout leaf.key -out leaf.csr -subj /CN=elsewhere.example`);
    openssl('x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out leaf.crt');
    const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');
    const url = `https://${await serveTls({ cert: await read('leaf.crt'), key: await read('leaf.key') })}/`;
    await expectRefusal(url, /its issuer, beans, is unknown here.*UNABLE_TO_VERIFY_LEAF.*--ca-file FILE/);
    await expectRefusal(
      url,
      /is for elsewhere\.example, not for this host name \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
      [`--ca-file=${path.join(folder, 'ca.crt')}`],
    );
  });

  it('that demands a client certificate: how to show one', async () => {
    const tls = { cert: own.certPem, key: own.keyPem, ca: own.certPem };
    const url = `https://${await serveTls({ ...tls, requestCert: true, rejectUnauthorized: true })}/`;
    const ca = await fileOf('own.pem', own.certPem);
    await expectRefusal(url, /client certificate.*--cert-file FILE --key-file FILE/, [`--ca-file=${ca}`]);
    const key = await fileOf('own.key', own.keyPem);
    const shown = [`--ca-file=${ca}`, `--cert-file=${ca}`, `--key-file=${key}`];
    expect(await load(url, shown)).toMatchObject({ code: 0 });
  });

  it('that demands one only in its answer, as nginx does', async () => {
    const refusal = '<center>No required SSL certificate was sent</center>';
    const tls = { cert: own.certPem, key: own.keyPem };
    const server = createServer(tls, (_, response) => void response.writeHead(400).end(refusal));
    const { code, stdout, stderr } = await load(`https://${await listen(server)}/`, [
      `--ca-file=${await fileOf('own.pem', own.certPem)}`,
    ]);
    expect(stderr).toMatch(/demands a client certificate \(it answers 400\)\. Show one with --cert-file/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('that has no TLS version in common, or no cipher', async () => {
    const tls = { cert: own.certPem, key: own.keyPem };
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const url = `https://${await serveTls({ ...tls, ...old })}/`;
    await expectRefusal(url, /no TLS version in common \(ERR_SSL_[\w/]+\)/);
    await close?.();
    const rsaOnly = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' } as const;
    const other = `https://${await serveTls({ ...tls, ...rsaOnly })}/`;
    await expectRefusal(other, /refused the TLS handshake \(ERR_SSL_[\w/]+\): no cipher in common/);
  });

  it('that speaks plain HTTP', async () => {
    const host = await listen(createPlainServer((_, response) => response.end('{}')));
    await expectRefusal(`https://${host}/`, /does not speak TLS \(ERR_SSL_[\w/]+\): use http:\/\/ in --url/);
  });

  it('that speaks TLS where the URL says http', async () => {
    const host = await serveTls({ cert: own.certPem, key: own.keyPem });
    await expectRefusal(`http://${host}/`, /speaks TLS, and --url says http:\/\/\. Use https:\/\/ there/);
  });
});

describe('a target that is not there', () => {
  it('is counted over https as over http: what refuses a connection is no matter of TLS', async () => {
    const { code, stdout, stderr } = await load(`https://127.0.0.1:${await closedPort()}/`, ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({ sent: 100, lost: 100, byError: { refused: 100 } });
    expect(stderr).toContain('answered (ECONNREFUSED)');
    expect(code).toBe(1);
  });
});

describe('files of certificates', () => {
  it('are refused before anything is sent when they cannot be used', async () => {
    const url = 'https://127.0.0.1:1/';
    const missing = await load(url, [`--ca-file=${path.join(folder, 'none.pem')}`]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--ca-file: ENOENT') });
    const key = await fileOf('own.key', own.keyPem);
    const alone = await load(url, [`--key-file=${key}`]);
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('belong together') });
    const broken = await fileOf('broken.pem', 'beans');
    const bad = await load(url, [`--cert-file=${broken}`, `--key-file=${key}`]);
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('must hold PEM') });
    const plain = await load('http://127.0.0.1:1/', [`--ca-file=${broken}`]);
    expect(plain).toMatchObject({ code: 2, stderr: expect.stringContaining('is for an https: URL') });
  });
});
