import { afterAll, describe, expect, it } from '@jest/globals';
import { openRaw } from '../../support/raw-http.ts';
import { killLeftovers, startCoffeeShop } from '../../support/service-process.ts';

// Its tests wait side by side.
afterAll(killLeftovers);

type Shop = Awaited<ReturnType<typeof startCoffeeShop>>;
const admin = ({ adminPort }: Shop, path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${adminPort}${path}`, init);
const stateOf = async (shop: Shop) =>
  ((await (await admin(shop, '/lifecycle')).json()) as { state: string }).state;

describe('a stranger', () => {
  it.concurrent('drains nothing and sets no faults without the token, and is logged', async () => {
    const shop = await startCoffeeShop({ PRE_STOP_TOKEN: 'secret', FAULTS: 'on' });
    const asked: [string, string][] = [
      ['GET', '/lifecycle/drain'],
      ['HEAD', '/lifecycle/drain'],
      ['POST', '/lifecycle/drain'],
      ['POST', '/faults/crash'],
      ['PUT', '/faults'],
    ];
    for (const [method, path] of asked) {
      const answer = await admin(shop, path, { method, headers: { 'x-pre-stop-token': 'guess' } });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(await stateOf(shop)).toBe('ready');
    expect(await shop.event('refused')).toMatchObject({
      level: 'warn',
      path: '/lifecycle/drain',
      peer: expect.stringContaining('127.0.0.1') as unknown,
    });
    const kubelet = { 'x-pre-stop-token': 'secret', 'user-agent': 'kube-lifecycle/1.36' };
    expect(await (await admin(shop, '/lifecycle/drain', { headers: kubelet })).json()).toMatchObject({
      outcome: 'quiet',
      drainReason: 'preStop',
    });
  });

  it.concurrent.each([
    ['an image of a page elsewhere', 'GET', 'sec-fetch-site: cross-site'],
    ['a form of a page elsewhere', 'POST', 'origin: http://evil.example'],
    ['a name that leads here', 'GET', 'x-nothing: at all'],
  ])('drains nothing through a browser on this machine: %s', async (what, method, header) => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.adminPort);
    const host = what.startsWith('a name') ? 'rebound.example' : `127.0.0.1:${shop.adminPort}`;
    caller.send(
      `${method} /lifecycle/drain HTTP/1.1\r\nHost: ${host}\r\n${header}\r\nConnection: close\r\n\r\n`,
    );
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 403 /);
    expect(await stateOf(shop)).toBe('ready');
  });
});

describe('a drain that no SIGTERM follows', () => {
  it.concurrent('ends the process after a grace, with 0, so that it is started again', async () => {
    const shop = await startCoffeeShop({ DRAIN_GRACE_MS: '300' });
    await (await admin(shop, '/lifecycle/drain')).text();
    expect(await shop.exited).toBe(0);
    expect(await shop.event('no SIGTERM after the drain')).toMatchObject({ level: 'warn', graceMs: 300 });
    expect(shop.events.at(-1)).toMatchObject({ msg: 'closed', state: 'closed' });
  });

  it.concurrent('is not what a pod goes through whose SIGTERM comes', async () => {
    const shop = await startCoffeeShop({ DRAIN_GRACE_MS: '0', BREW_MS: '500' });
    const drained = admin(shop, '/lifecycle/drain');
    await shop.event('draining');
    shop.signal('SIGTERM');
    await (await drained).text();
    expect(await shop.exited).toBe(0);
    expect(shop.events.map(({ msg }) => msg)).not.toContain('no SIGTERM after the drain');
  });
});
