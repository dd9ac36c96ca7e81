import { once } from 'node:events';
import type net from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createHttpListener,
  createTcpListener,
  urlOfTarget,
} from '../../../scripts/shared/listener/index.ts';
import { openRaw } from '../../support/raw-http.ts';

const warnings: string[] = [];
const open = new Set<net.Server>();

beforeAll(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation((text, name) => {
    warnings.push(`${typeof name === 'string' ? name : ''}: ${String(text).split('\n', 1)[0] ?? ''}`);
  });
});
afterAll(() => {
  jest.restoreAllMocks();
  for (const server of open) server.close();
});

async function listen(server: net.Server): Promise<number> {
  open.add(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

async function answerTo(port: number, head: string): Promise<string> {
  const connection = openRaw(port);
  connection.send(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n`);
  const text = await connection.closed;
  return text.split('\r\n', 1)[0] ?? '';
}

describe('a listener for HTTP', () => {
  const name = 'a port under test';
  const fault = () => {
    throw new Error('a defect');
  };
  const server = createHttpListener(
    (request, response) => {
      switch (urlOfTarget(request.url).pathname) {
        case '/throws':
          return fault();
        case '/rejects':
          return Promise.reject(new Error('a defect'));
        case '/throws-when-read':
          request.on('data', fault).on('end', fault);
          return undefined;
        case '/throws-when-sent':
          response.on('finish', fault);
          return response.end('well');
        case '/throws-after-the-head':
          response.writeHead(200, { 'content-length': '100' }).write('x');
          return fault();
        default:
          return response.end('well');
      }
    },
    { name, onUpgrade: fault },
  );

  it.each([
    ['GET / HTTP/1.1', '200 OK'],
    ['GET //x HTTP/1.1', '200 OK'],
    ['GET /%zz HTTP/1.1', '400 Bad Request'],
    ['GET http://x:99999/ HTTP/1.1', '400 Bad Request'],
    ['OPTIONS * HTTP/1.1', '400 Bad Request'],
    ['CONNECT x:1 HTTP/1.1', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nupgrade: x\r\nconnection: upgrade', '500 Internal Server Error'],
    ['GET /throws HTTP/1.1', '500 Internal Server Error'],
    ['GET /rejects HTTP/1.1', '500 Internal Server Error'],
    ['GET /throws-when-read HTTP/1.1', '500 Internal Server Error'],
    ['GET /throws-when-sent HTTP/1.1', '200 OK'],
    // The answer has begun: only a cut tells that it is none.
    ['GET /throws-after-the-head HTTP/1.1', undefined],
  ])('answers %j with %s, and goes on', async (head, status) => {
    const port = open.has(server) ? (server.address() as net.AddressInfo).port : await listen(server);
    expect(await answerTo(port, head)).toBe(status === undefined ? '' : `HTTP/1.1 ${status}`);
    expect(await answerTo(port, 'GET /still-there HTTP/1.1')).toBe('HTTP/1.1 200 OK');
  });

  it('says with a warning which listener has failed, for a defect and not for a malformed request', async () => {
    const port = (server.address() as net.AddressInfo).port;
    warnings.length = 0;
    await answerTo(port, 'GET /%zz HTTP/1.1');
    expect(warnings).toEqual([]);
    await answerTo(port, 'GET /throws HTTP/1.1');
    expect(warnings).toEqual([`ListenerFault: ${name} failed and was cut off: Error: a defect`]);
  });
});

describe('a listener for TCP', () => {
  it.each<[string, (socket: net.Socket) => void]>([
    [
      'at once',
      () => {
        throw new Error('a defect');
      },
    ],
    [
      'on data',
      (socket) =>
        void socket.on('data', () => {
          throw new Error('a defect');
        }),
    ],
    [
      'by an error that nobody listens to',
      (socket) => void socket.on('data', () => socket.destroy(new Error('broken'))),
    ],
  ])('cuts a connection whose handler fails %s, and takes the next one', async (_when, handler) => {
    let isFirst = true;
    const server = createTcpListener({ name: 'a port under test' }, (socket) => {
      if (!isFirst) return void socket.end('well');
      isFirst = false;
      handler(socket);
    });
    const port = await listen(server);
    const first = openRaw(port);
    first.send('x');
    expect(await first.closed).toBe('');
    expect(await openRaw(port).closed).toBe('well');
  });
});

describe('the URL of a target', () => {
  it.each([
    ['/a?b=%zz', 'http://listener/a?b=%zz'],
    ['//', 'http://listener//'],
    ['//host/x', 'http://listener//host/x'],
    ['https://host:1/x', 'https://host:1/x'],
    ['/../a', 'http://listener/a'],
    [undefined, 'http://listener/'],
  ])('%j is %s', (target, url) => expect(urlOfTarget(target).href).toBe(url));

  it.each(['*', '', ':1', 'x', 'ftp://x/', 'http://', 'http://x:99999/', '/%', '/%2', '/a%zz/'])(
    '%j is none',
    (target) => expect(() => urlOfTarget(target)).toThrow(/target is no URL|percent-encoding/),
  );
});
