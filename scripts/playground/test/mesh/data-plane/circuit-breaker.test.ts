import { afterEach, describe, expect, it } from '@jest/globals';
import net from 'node:net';
import { answer } from '../../../mesh/data-plane/admin/server.ts';
import type { Proxy } from '../../../mesh/data-plane/proxy.ts';
import { outboundClusters } from '../../../mesh/istiod/clusters.ts';
import { loadAssignments } from '../../../mesh/istiod/endpoints.ts';
import type { TrafficPolicy } from '../../../mesh/istiod/istio-objects.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from '../../../mesh/xds-types.ts';
import { startApp, type TestServer } from '../support/apps.ts';
import { give, giveRoute, policyOf, service, startGateway, type Address } from '../support/proxies.ts';
import { ask, post } from '../support/raw-client.ts';
import { until } from '../support/test-mesh.ts';

const OVERFLOW = 'upstream connect error or disconnect/reset before headers. reset reason: overflow';

let proxy: Proxy;
let address: Address;
let app: TestServer;
let held: (() => void)[];
afterEach(async () => {
  proxy.kill();
  await app.close();
});

/** A gateway in front of an app that answers nobody until it is told to. */
async function start(connectionPool: NonNullable<TrafficPolicy['connectionPool']>): Promise<void> {
  held = [];
  app = await startApp((_request, response) => {
    held.push(() => void response.setHeader('content-length', '4').end('late'));
  });
  ({ proxy, address } = await startGateway([app.address]));
  await give(proxy, CLUSTER_TYPE, outboundClusters(service(1), policyOf({ connectionPool })));
  await give(proxy, ENDPOINT_TYPE, loadAssignments(service(1), undefined));
  await giveRoute(proxy);
}

const call = () => ask(address, post('/', 'app.example')).then(({ body }) => body);
const counter = (name: string) => {
  const { body } = answer(proxy, 'GET', new URL(`http://admin/stats?filter=${name}$`));
  return Number(/: (\d+)/.exec(body)?.[1]);
};

/** Answers whoever has arrived, until as many have been answered. */
async function letGo(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await until('another to have arrived', () => held.length > done);
    held[done]?.();
  }
}

describe('a cluster’s limits', () => {
  it('let requests wait for the connections there may be, in turn, and refuse those for whom no place is left', async () => {
    await start({ tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 2 } });
    const first = call();
    await until('the first to have arrived', () => held.length === 1);
    const waiting = [call(), call()];
    await until('two to wait', () => counter('upstream_rq_pending_active') === 2);
    expect(await call()).toBe(OVERFLOW);
    await letGo(3);
    expect(await Promise.all([first, ...waiting])).toEqual(['late', 'late', 'late']);
    expect(app.connections()).toBe(1);
    expect(counter('upstream_rq_pending_overflow')).toBe(1);
  });

  it('give a place back when its caller leaves', async () => {
    await start({ tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } });
    const first = call();
    await until('the first to have arrived', () => held.length === 1);
    const impatient = net.connect(address, () => impatient.write(post('/', 'app.example')));
    await until('the second to wait', () => counter('upstream_rq_pending_active') === 1);
    impatient.destroy();
    await until('it to have left', () => counter('upstream_rq_pending_active') === 0);
    const third = call();
    await until('the third to wait', () => counter('upstream_rq_pending_active') === 1);
    await letGo(2);
    expect(await Promise.all([first, third])).toEqual(['late', 'late']);
  });

  it('are those of the configuration at the time', async () => {
    await start({ http: { http2MaxRequests: 1 } });
    const first = call();
    await until('the first to have arrived', () => held.length === 1);
    expect(await call()).toBe(OVERFLOW);
    await give(proxy, CLUSTER_TYPE, outboundClusters(service(1), policyOf({})));
    const second = call();
    await letGo(2);
    expect(await Promise.all([first, second])).toEqual(['late', 'late']);
    expect(counter('upstream_rq_active_overflow')).toBe(1);
    expect(counter('upstream_rq_active')).toBe(0);
  });

  it('of 0 are none', () => {
    const [cluster] = outboundClusters(
      service(1),
      policyOf({ connectionPool: { tcp: { maxConnections: 0 }, http: { maxRetries: 0 } } }),
    );
    expect(cluster?.circuit_breakers?.thresholds[0]).toMatchObject({
      max_connections: 4_294_967_295,
      max_retries: 4_294_967_295,
    });
  });
});
