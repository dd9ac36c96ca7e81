import net from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openForwarder, type Forwarder } from '../../network/forwarder.ts';
import { createPodNetwork, type OpenPodNetwork } from '../../network/index.ts';

let network: OpenPodNetwork;
let forwarder: Forwarder;
let next: number;
const servers: net.Server[] = [];

beforeEach(async () => {
  network = await createPodNetwork();
  next = 0;
  forwarder = await openForwarder({ network, random: () => next });
});
afterEach(() => {
  forwarder.destroy();
  for (const server of servers.splice(0)) server.close();
  network.close();
});

/** A pod whose program handles each connection. */
async function pod(
  name: string,
  onConnection: (socket: net.Socket) => void,
): Promise<{ ip: string; port: number }> {
  const ip = await network.allocate(name, [8080]);
  const socket = network.outside(ip, 8080);
  const server = net.createServer({ allowHalfOpen: true }, (connection) => {
    connection.on('error', () => undefined);
    onConnection(connection);
  });
  server.listen(socket?.port, socket?.host);
  servers.push(server);
  await once(server, 'listening');
  return { ip, port: 8080 };
}

async function client(): Promise<net.Socket> {
  const socket = net.connect({ ...forwarder.address, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** How a connection ended for the one who reads it: with FIN, or with an error code. */
async function ending(socket: net.Socket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('end', () => resolve('FIN'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.resume();
  });
}

describe('the Service forwarder', () => {
  it('passes data both ways, and a half-close without closing the other half', async () => {
    const echo = await pod('a', (socket) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      // Answers only after the client has said that it is done.
      socket.on('end', () => socket.end(`got ${text}`));
    });
    forwarder.setTargets([echo]);
    const socket = await client();
    socket.end('order');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('got order');
    expect(await ending(socket)).toBe('FIN');
  });

  it('shows a reset by the pod as a reset', async () => {
    forwarder.setTargets([await pod('a', (socket) => socket.once('data', () => socket.resetAndDestroy()))]);
    const socket = await client();
    socket.write('order');
    expect(await ending(socket)).toBe('ECONNRESET');
  });

  it('delivers what the pod sent before its reset', async () => {
    const target = await pod('a', (socket) => {
      socket.once('data', () =>
        socket.write('half an answer', () => setTimeout(() => socket.resetAndDestroy(), 50)),
      );
    });
    forwarder.setTargets([target]);
    const socket = await client();
    socket.write('order');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('half an answer');
    expect(await ending(socket)).toBe('ECONNRESET');
  });

  it('shows a reset by the client as a reset', async () => {
    let ended: Promise<string> | undefined;
    const target = await pod('a', (socket) => {
      socket.write('hello');
      ended = ending(socket);
    });
    forwarder.setTargets([target]);
    const socket = await client();
    await once(socket, 'data');
    socket.resetAndDestroy();
    expect(await ended).toBe('ECONNRESET');
  });

  it('resets the connection when the pod refuses it, or when there is no pod', async () => {
    const ip = await network.allocate('a', [8080]);
    for (const targets of [[{ ip, port: 8080 }], []]) {
      forwarder.setTargets(targets);
      const socket = net.connect({ ...forwarder.address });
      expect(await ending(socket)).toBe('ECONNRESET');
    }
  });

  it('keeps established connections where they are when the targets change', async () => {
    const answering = (name: string) => (socket: net.Socket) =>
      void socket.on('data', () => socket.write(name));
    const [a, b] = [await pod('a', answering('a')), await pod('b', answering('b'))];
    forwarder.setTargets([a]);
    const old = await client();
    const ask = async (socket: net.Socket): Promise<string> => {
      socket.write('?');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString();
    };
    expect(await ask(old)).toBe('a');
    forwarder.setTargets([b]);
    const fresh = await client();
    expect([await ask(old), await ask(fresh)]).toEqual(['a', 'b']);
    old.destroy();
    fresh.destroy();
  });

  it('chooses a target for each connection by the number it draws', async () => {
    const names: string[] = [];
    const targets = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => pod(name, (socket) => void (names.push(name), socket.end('x')))),
    );
    forwarder.setTargets(targets);
    for (const draw of [0, 0.26, 0.5, 0.99]) {
      next = draw;
      const socket = await client();
      await ending(socket);
      socket.destroy();
    }
    expect(names).toEqual(['a', 'b', 'c', 'd']);
  });
});
