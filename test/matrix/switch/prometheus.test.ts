/** Shares judged by what a real Prometheus has scraped from the gateway. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { SwitchResult } from '../../../scripts/switch/index.ts';
import { root, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { hasPrometheus, startPrometheus } from '../../support/prometheus.ts';

const closers: (() => unknown)[] = [];
let coffee: CoffeeCluster;
let prometheus: string;
/**
 * The scrape reaches the gateway's port for Prometheus as a forward
 * does: in the playground only a pod has a pod's address.
 */
async function serveGatewayPage(): Promise<string> {
  const [gateway] = await coffee.cluster.list<Pod>(resources.pods, {
    namespace: 'istio-system',
    labelSelector: 'istio=ingressgateway',
  });
  if (gateway === undefined) throw new Error('no gateway');
  const forward = coffee.cluster.forward('istio-system', gateway.metadata.name, 15090);
  closers.push(() => forward.close());
  const server = http.createServer((_request, response) => {
    forward.request('/stats/prometheus').then(
      ({ body }) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/stats/prometheus`;
}

(hasPrometheus ? describe : describe.skip)('a canary judged by a real Prometheus', () => {
  beforeAll(async () => {
    coffee = await startServingShop({ pod: 'naive' });
    closers.push(() => coffee.close());
    const started = await startPrometheus(await serveGatewayPage());
    closers.push(() => started.close());
    prometheus = started.url;
  }, 120_000);
  afterAll(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('goes on to a good version, by the numbers Prometheus has, and loses nothing', async () => {
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await coffee.switchTo('v2', { set: { pod: 'naive' }, canary: [20, 50], prometheus });
    });
    expect({ ok: result?.ok, live: result?.live, why: result?.error }).toEqual({
      ok: true,
      live: 'v2',
      why: undefined,
    });
    const said = result?.steps.find(({ name }) => name === 'preflight')?.notes ?? [];
    expect(said).toContain(`Evidence from Prometheus at ${prometheus}:`);
    const shares = result?.steps.filter(({ name }) => name.startsWith('canary-')) ?? [];
    expect(shares.map(({ name }) => name)).toEqual(['canary-20', 'canary-50']);
    for (const { detail } of shares) expect(detail).toMatch(/^v2 0 errors of \d{3,}, v1 0 of \d+; /);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 120_000);

  it('takes a failing version back, by the numbers Prometheus has', async () => {
    coffee.playground.registerImage('failing-shop', [
      process.execPath,
      `${root}/test/support/programs/failing-shop.mjs`,
    ]);
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      const failing = { set: { pod: 'naive' }, image: 'failing-shop:1' };
      result = await coffee.switchTo('v3', { ...failing, canary: [5, 50], prometheus });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(result?.error).toMatch(/^v3 is worse than v2: v3 (\d+) errors of \1, v2 0 of \d+ \(by chance/);
    expect(account.lost).toBe(account.byStatus['500']);
    expect(account.lost).toBeGreaterThanOrEqual(100);
  }, 120_000);

  it('refuses before anything is changed when Prometheus is not there', async () => {
    const before = await coffee.cluster.get(resources.virtualServices, 'coffee-shop');
    const nowhere = 'http://127.0.0.1:9';
    const result = await coffee.switchTo('v3', { canary: [5], prometheus: nowhere });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v2' });
    expect(result.error).toContain(`Prometheus at ${nowhere} does not answer`);
    expect(await coffee.cluster.get(resources.virtualServices, 'coffee-shop')).toEqual(before);
  });
});
