import { spawn } from 'node:child_process';
import net from 'node:net';
import tls from 'node:tls';
import { constants, createDeflate } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { SPDY_DICTIONARY } from '../../../apiserver/subresources/streams/spdy-dictionary.ts';
import { createStore } from '../../../storage/store.ts';
import { endAfterAll } from '../../../../../test/support/end-after-all.ts';

/**
 * What kubectl does on the wire for port-forward and exec
 * (test/fixtures/kubernetes/requests/portforward.json).
 */

let server: ApiServer;
let echo: net.Server;
const PODS = '/api/v1/namespaces/default/pods';

const atEnd = endAfterAll();
beforeAll(async () => {
  const store = createStore();
  store.create('v1/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  echo = net.createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  atEnd(() => echo.close());
  const { port } = echo.address() as net.AddressInfo;
  server = await startApiServer({
    store,
    connectToPod: (_namespace, _pod, wanted) =>
      wanted === 8080
        ? Promise.resolve(net.connect(port, '127.0.0.1'))
        : Promise.reject(new Error('connection refused')),
    execInPod: (_namespace, _pod, _container, [file = '', ...args]) => spawn(file, args),
  });
  atEnd(() => server.close());
});

/** As little of a SPDY client as it takes to open two streams and talk. */
class SpdyClient {
  readonly data = new Map<number, string>();
  readonly ended = new Set<number>();
  private readonly socket: tls.TLSSocket;
  private readonly deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  private pending = Buffer.alloc(0);

  constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  async open(id: number, headers: Record<string, string>): Promise<void> {
    const texts = Object.entries(headers).flat();
    const block = Buffer.concat([
      uint32(texts.length / 2),
      ...texts.flatMap((text) => [uint32(text.length), Buffer.from(text)]),
    ]);
    const packed = await new Promise<Buffer>((resolve) =>
      this.deflate.write(block, () => resolve(this.deflate.read() as Buffer)),
    );
    const body = Buffer.concat([uint32(id), uint32(0), Buffer.alloc(2), packed]);
    this.socket.write(Buffer.concat([Buffer.from([0x80, 3, 0, 1, 0]), uint24(body.length), body]));
  }

  send(id: number, text: string, isLast: boolean): void {
    this.socket.write(
      Buffer.concat([
        uint32(id),
        Buffer.from([isLast ? 1 : 0]),
        uint24(Buffer.byteLength(text)),
        Buffer.from(text),
      ]),
    );
  }

  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (isDone()) resolve();
      };
      this.socket.on('data', check);
      check();
    });
  }

  private read(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    while (this.pending.length >= 8 && this.pending.length >= 8 + this.pending.readUIntBE(5, 3)) {
      const length = this.pending.readUIntBE(5, 3);
      const id = this.pending.readUInt32BE(0);
      if (id < 0x80000000) {
        this.data.set(id, (this.data.get(id) ?? '') + this.pending.toString('utf8', 8, 8 + length));
        if (this.pending[4] === 1) this.ended.add(id);
      }
      this.pending = this.pending.subarray(8 + length);
    }
  }
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

const uint24 = (value: number) => uint32(value).subarray(1);

/** Sends an upgrade request and gives the socket with the answer's head. */
async function upgrade(
  path: string,
  headers: Record<string, string>,
): Promise<{ socket: tls.TLSSocket; head: string }> {
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: server.caPem });
  const lines = Object.entries({
    Host: '127.0.0.1',
    Authorization: `Bearer ${server.token}`,
    Connection: 'Upgrade',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const head = await new Promise<string>((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  return { socket, head };
}

describe('port-forward over SPDY', () => {
  const SPDY = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'portforward.k8s.io' };

  it('carries several connections side by side and ends each when the pod side ends', async () => {
    const { socket, head } = await upgrade(`${PODS}/p/portforward`, SPDY);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    const client = new SpdyClient(socket);
    for (const [index, id] of [1, 5].entries()) {
      await client.open(id, { streamtype: 'error', port: '8080', requestid: String(index) });
      await client.open(id + 2, { streamtype: 'data', port: '8080', requestid: String(index) });
    }
    client.send(3, 'espresso', true);
    client.send(7, 'filter', true);
    await client.until(() => client.ended.size === 4);
    expect(Object.fromEntries(client.data)).toEqual({ 1: '', 3: 'espresso', 5: '', 7: 'filter' });
    socket.destroy();
  });

  it('tells on the error stream why a port cannot be reached', async () => {
    const { socket } = await upgrade(`${PODS}/p/portforward`, SPDY);
    const client = new SpdyClient(socket);
    await client.open(1, { streamtype: 'error', port: '9', requestid: '0' });
    await client.open(3, { streamtype: 'data', port: '9', requestid: '0' });
    await client.until(() => client.ended.has(1));
    expect(client.data.get(1)).toBe('error forwarding port 9 to pod p, uid : connection refused');
    socket.destroy();
  });

  it('is refused without a version both sides know', async () => {
    const { head, socket } = await upgrade(`${PODS}/p/portforward`, {
      ...SPDY,
      'X-Stream-Protocol-Version': 'v9.portforward.k8s.io',
    });
    expect(head).toMatch(/^HTTP\/1\.1 403 /);
    expect(head).toContain('client supports [v9.portforward.k8s.io], server accepts [portforward.k8s.io]');
    socket.destroy();
  });

  it('is refused for a pod that is not there', async () => {
    const { head, socket } = await upgrade(`${PODS}/none/portforward`, SPDY);
    expect(head).toContain('pods \\"none\\" not found');
    socket.destroy();
  });
});

describe('exec', () => {
  async function exec(query: string, stdin?: string): Promise<Record<number, string>> {
    const url = `${server.url.replace('https', 'wss')}${PODS}/p/exec?${query}`;
    const socket = new WebSocket(url, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
      ca: server.caPem,
      headers: { authorization: `Bearer ${server.token}` },
    });
    const channels: Record<number, string> = {};
    socket.on('message', (data: Buffer) => {
      const channel = data[0] ?? 0;
      channels[channel] = (channels[channel] ?? '') + data.toString('utf8', 1);
    });
    socket.on('open', () => {
      if (stdin === undefined) return;
      socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(stdin)]));
      socket.send(Buffer.from([255, 0]));
    });
    await new Promise((resolve, reject) => {
      socket.on('close', resolve);
      socket.on('error', reject);
    });
    return channels;
  }

  it('gives output, and success as a Status', async () => {
    const channels = await exec('command=node&command=-e&command=console.log(1)&stdout=true&stderr=true');
    expect(channels[1]).toBe('1\n');
    expect(JSON.parse(channels[3] ?? '')).toEqual({ metadata: {}, status: 'Success' });
  });

  it('gives the exit code of a command that fails', async () => {
    const channels = await exec('command=node&command=-e&command=process.exit(7)&stdout=true');
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('hands on standard input and its end', async () => {
    expect((await exec('command=cat&stdin=true&stdout=true', 'coffee'))[1]).toBe('coffee');
  });

  it('says when there is no such command', async () => {
    const channels = await exec('command=/nope&stdout=true');
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({ status: 'Failure', reason: 'InternalError' });
  });

  describe('over SPDY, as kubectl falls back to it', () => {
    const SPDY = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' };
    const [ERROR, STDIN, STDOUT, STDERR] = [1, 3, 5, 7];

    async function execOverSpdy(command: string[], stdin: string | undefined): Promise<Map<number, string>> {
      const parts: [string, string][] = [
        ...command.map((part): [string, string] => ['command', part]),
        ['stdout', 'true'],
        ['stderr', 'true'],
        ...(stdin === undefined ? [] : ([['stdin', 'true']] satisfies [string, string][])),
      ];
      const query = new URLSearchParams(parts);
      const { socket, head } = await upgrade(`${PODS}/p/exec?${query.toString()}`, SPDY);
      expect(head).toMatch(/^HTTP\/1\.1 101 [\s\S]*X-Stream-Protocol-Version: v4\.channel\.k8s\.io/);
      const client = new SpdyClient(socket);
      await client.open(ERROR, { streamtype: 'error' });
      if (stdin !== undefined) await client.open(STDIN, { streamtype: 'stdin' });
      await client.open(STDOUT, { streamtype: 'stdout' });
      await client.open(STDERR, { streamtype: 'stderr' });
      if (stdin !== undefined) client.send(STDIN, stdin, true);
      await client.until(() => client.ended.has(ERROR));
      socket.destroy();
      return client.data;
    }

    it('gives both outputs apart, and success as a Status', async () => {
      const said = await execOverSpdy(['node', '-e', 'console.log(1); console.error(2)'], undefined);
      expect([said.get(STDOUT), said.get(STDERR)]).toEqual(['1\n', '2\n']);
      expect(JSON.parse(said.get(ERROR) ?? '')).toEqual({ metadata: {}, status: 'Success' });
    });

    it('hands on standard input and its end', async () => {
      expect((await execOverSpdy(['cat'], 'coffee')).get(STDOUT)).toBe('coffee');
    });

    it('gives the exit code of a command that fails', async () => {
      const said = await execOverSpdy(['node', '-e', 'process.exit(7)'], undefined);
      expect(JSON.parse(said.get(ERROR) ?? '')).toMatchObject({ reason: 'NonZeroExitCode' });
    });

    it('is refused without a version both sides know', async () => {
      const { head, socket } = await upgrade(`${PODS}/p/exec?command=true&stdout=true`, {
        ...SPDY,
        'X-Stream-Protocol-Version': 'channel.k8s.io',
      });
      expect(head).toContain('client supports [channel.k8s.io], server accepts [v4.channel.k8s.io]');
      socket.destroy();
    });
  });
});
