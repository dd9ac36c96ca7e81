import { expect, it } from '@jest/globals';
import { Cluster } from '../../../mesh/data-plane/cluster.ts';
import { Host } from '../../../mesh/data-plane/host.ts';
import { until } from '../support/test-mesh.ts';

function twoHosts(maxEjectionPercent: number) {
  const hosts = [1, 2].map((n) => new Host(`10.0.0.${n}`, 8080, { host: '127.0.0.1', port: 1 }, 1000)) as [
    Host,
    Host,
  ];
  const cluster = new Cluster({
    name: 'outbound|8080||app',
    type: 'STATIC',
    connect_timeout: '1s',
    outlier_detection: {
      consecutive_5xx: 2,
      enforcing_consecutive_5xx: 100,
      interval: '0.050s',
      base_ejection_time: '0.050s',
      max_ejection_percent: maxEjectionPercent,
      enforcing_success_rate: 0,
    },
  }).use(hosts);
  return { cluster, hosts, chosen: () => new Set([1, 2, 3, 4].map(() => cluster.choose())) };
}

it('an endpoint is put aside after errors in a row, not after as many with a success between, and comes back', async () => {
  const { cluster, hosts, chosen } = twoHosts(50);
  const [first, second] = hosts;
  for (const status of [503, 200, 503]) cluster.report(first, status);
  expect(chosen()).toEqual(new Set(hosts));
  cluster.report(first, 500);
  expect(chosen()).toEqual(new Set([second]));
  await until('it to come back', () => chosen().size === 2);
});

it('no more endpoints are put aside than maxEjectionPercent allows', () => {
  const { cluster, hosts, chosen } = twoHosts(50);
  for (const host of hosts) for (let i = 0; i < 2; i += 1) cluster.report(host, 503);
  expect(chosen()).toEqual(new Set([hosts[1]]));
});

it('an endpoint is put aside after what gateways answer with in a row, where only that counts', () => {
  const { cluster, hosts, chosen } = twoHosts(50);
  const [first, second] = hosts;
  Object.assign(cluster.config.outlier_detection ?? {}, {
    enforcing_consecutive_5xx: 0,
    consecutive_gateway_failure: 2,
    enforcing_consecutive_gateway_failure: 100,
  });
  for (const status of [500, 502, 500, 504]) cluster.report(first, status);
  expect(chosen()).toEqual(new Set(hosts));
  cluster.report(first, 503);
  expect(chosen()).toEqual(new Set([second]));
});
