import { afterEach, describe, expect, it } from '@jest/globals';
import { createGuardedServer, type Handler } from '../../services/shared/guarded-server.ts';
import { listen } from '../../services/shared/listen.ts';
import { silentLog } from '../../services/shared/log.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { throwAll } from '../support/raw-requests.ts';
import { killLeftovers, startCoffeeShop } from '../support/service-process.ts';
import { beside, startSidecar } from '../support/sidecar.ts';

afterEach(killLeftovers);

/** Throws the list at every port of a process; gives what was answered with a fault of the server's own. */
async function attack(pid: number, ports: number): Promise<string[]> {
  const found = listeningPorts(pid);
  expect(found).toHaveLength(ports);
  const faults: string[] = [];
  for (const aim of found)
    for (const [name, answer] of await throwAll(aim))
      if (/^HTTP\/1\.[01] 500/.test(answer)) faults.push(`${name}: ${answer}`);
  return faults;
}

const statusOf = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status;

describe('raw requests at the ports of a service', () => {
  it('leave the coffee-shop, with its faults on offer, ready and at work', async () => {
    const shop = await startCoffeeShop({ FAULTS: 'on' });
    expect(await attack(shop.child.pid ?? 0, 2)).toEqual([]);
    expect(await statusOf(`http://127.0.0.1:${shop.port}/coffee`)).toBe(200);
    expect(await statusOf(`http://127.0.0.1:${shop.port}/orders`, { method: 'POST' })).toBe(200);
    expect(await statusOf(`http://127.0.0.1:${shop.port}/health/ready`)).toBe(200);
    expect(await statusOf(`http://127.0.0.1:${shop.adminPort}/metrics`)).toBe(200);
    expect(shop.events.filter(({ level }) => level === 'error')).toEqual([]);
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
  });

  it('leave the lifecycle sidecar ready', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    expect(await attack(sidecar.child.pid ?? 0, 1)).toEqual([]);
    expect(await statusOf(`${sidecar.url}/health/ready`)).toBe(200);
    expect(await statusOf(`${sidecar.url}/metrics`)).toBe(200);
    expect(sidecar.events.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('a handler that fails', () => {
  it.each<[string, Handler]>([
    [
      'throws',
      () => {
        throw new Error('a defect');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a defect'))],
  ])('that %s costs its request: 500, said once, and the next one is answered', async (_how, handler) => {
    const said: unknown[] = [];
    const log = { ...silentLog, error: (msg: string, fields?: object) => void said.push([msg, fields]) };
    const server = createGuardedServer(
      {},
      (request, response) => (request.url === '/well' ? response.end() : handler(request, response)),
      log,
    );
    const port = await listen(server, { port: 0, host: '127.0.0.1', portName: 'PORT' });
    try {
      expect(await statusOf(`http://127.0.0.1:${port}/`)).toBe(500);
      expect(said).toEqual([['request failed', { path: '/', error: new Error('a defect') }]]);
      expect(await statusOf(`http://127.0.0.1:${port}/well`)).toBe(200);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('costs its request too where another listener of the server throws', async () => {
    const server = createGuardedServer({}, (_request, response) => response.end(), silentLog);
    server.prependListener('request', ({ url }) => {
      if (url === '/') throw new Error('a defect');
    });
    const port = await listen(server, { port: 0, host: '127.0.0.1', portName: 'PORT' });
    try {
      expect(await statusOf(`http://127.0.0.1:${port}/`)).toBe(500);
      expect(await statusOf(`http://127.0.0.1:${port}/well`)).toBe(200);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
