import { describe, expect, it } from '@jest/globals';
import { compareLatencies, disjoint } from '../../../../scripts/switch/canary/latency.ts';
import { latenciesOf, latencyCounters } from '../../../../scripts/switch/canary/proxy-latency.ts';
import { routingOf } from '../recorded.ts';

const host = 'coffee-shop.shop.svc.cluster.local';
const routing = routingOf(host);
/** Answers per bucket: `{ 10: 950, 25: 50 }`. */
const timed = (buckets: Record<number, number>) =>
  new Map([5, 10, 25, 50, 100, Infinity].map((edge) => [edge, buckets[edge] ?? 0]));
const slower = (fresh: Record<number, number>, old: Record<number, number>) => {
  const found = compareLatencies(timed(fresh), timed(old), 50);
  return found && found.isSlow && found.chance < 0.01;
};

describe('a version is slower', () => {
  const old = { 5: 300, 10: 670, 25: 30 };

  it('a version is slower when too many of its answers are beyond what 95 in 100 of the old version’s were within', () => {
    expect(compareLatencies(timed({ 10: 20, 25: 80 }), timed(old), 50)).toMatchObject({
      limitMs: 10,
      candidate: { requests: 100, errors: 80 },
      current: { requests: 1000, errors: 30 },
      isSlow: true,
    });
    expect(slower({ 10: 20, 25: 80 }, old)).toBe(true);
  });

  it('a version is slower when only its tail is: one answer in five', () => {
    expect(slower({ 5: 30, 10: 50, 100: 20 }, old)).toBe(true);
  });

  it('a version is not slower when it is as fast, faster, or has no more late answers than chance gives', () => {
    expect(slower({ 5: 30, 10: 67, 25: 3 }, old)).toBe(false);
    expect(slower({ 5: 100 }, old)).toBe(false);
    expect(slower({ 5: 30, 10: 62, 100: 8 }, old)).toBe(false);
  });

  it('a version is not slower by a limit that lies close: what is a little slower is not half as slow again', () => {
    expect(slower({ 10: 85, 25: 15 }, { 10: 970, 25: 30 })).toBe(false);
  });

  it('a version is not slower when both are: the database may be slow for both', () => {
    expect(slower({ 100: 100 }, { 5: 10, 100: 990 })).toBe(false);
  });

  it('a version may not be called slower when too few of its answers were timed', () => {
    expect(compareLatencies(timed({ 100: 49 }), timed(old), 50)).toBeUndefined();
    expect(compareLatencies(timed({ 100: 100 }), timed({ 5: 49 }), 50)).toBeUndefined();
  });
});

describe('histograms', () => {
  it('histograms become counts per bucket', () => {
    const now = disjoint(
      new Map([
        [Infinity, 100],
        [5, 10],
        [10, 60],
      ]),
    );
    expect([...now]).toEqual([
      [5, 10],
      [10, 50],
      [Infinity, 40],
    ]);
  });
});

describe('a proxy’s Prometheus page', () => {
  const istio = (version: string, code: number, counts: [string, number][], more = '') =>
    counts
      .map(
        ([le, count]) =>
          `istio_request_duration_milliseconds_bucket{reporter="source",source_workload="edge",destination_service="${host}",destination_version="${version}",response_code="${code}",response_flags="-"${more},le="${le}"} ${count}`,
      )
      .join('\n');

  it('a proxy’s Prometheus page tells Istio’s own metric by version, all response codes together, for this host and as a caller', () => {
    const page = [
      '# TYPE istio_request_duration_milliseconds histogram',
      istio('v1', 200, [
        ['5', 10],
        ['10', 30],
        ['+Inf', 30],
      ]),
      istio('v1', 503, [
        ['5', 2],
        ['10', 2],
        ['+Inf', 3],
      ]),
      istio('v2', 200, [
        ['5', 0],
        ['10', 1],
        ['+Inf', 1],
      ]),
      istio('v1', 200, [
        ['5', 7],
        ['+Inf', 7],
      ]).replaceAll('reporter="source"', 'reporter="destination"'),
      istio('v1', 200, [
        ['5', 9],
        ['+Inf', 9],
      ]).replaceAll(host, 'tea-shop.shop.svc.cluster.local'),
      'istio_request_duration_milliseconds_sum{reporter="source"} 12',
    ].join('\n');
    const found = latenciesOf(latencyCounters(page, routing));
    expect([...found.keys()]).toEqual(['v1', 'v2']);
    expect([...(found.get('v1') ?? [])]).toEqual([
      [5, 12],
      [10, 20],
      [Infinity, 1],
    ]);
    expect([...(found.get('v2') ?? [])]).toEqual([
      [5, 0],
      [10, 1],
      [Infinity, 0],
    ]);
  });

  it('a proxy’s Prometheus page is read by the cluster’s own histogram where there is one, and nothing counts twice', () => {
    const cluster = (subset: string, counts: [string, number][]) =>
      counts
        .map(
          ([le, count]) =>
            `envoy_cluster_upstream_rq_time_bucket{cluster_name="outbound|8080|${subset}|${host};",le="${le}"} ${count}`,
        )
        .join('\n');
    const page = [
      cluster('v1', [
        ['5', 3],
        ['+Inf', 4],
      ]),
      cluster('', [
        ['5', 8],
        ['+Inf', 8],
      ]),
      istio('v1', 200, [
        ['5', 10],
        ['+Inf', 30],
      ]),
    ].join('\n');
    const found = latenciesOf(latencyCounters(page, routing));
    expect([...found].map(([version, latencies]) => [version, [...latencies]])).toEqual([
      [
        'v1',
        [
          [5, 3],
          [Infinity, 1],
        ],
      ],
    ]);
  });

  it('a proxy’s Prometheus page may have nothing of the histogram', () => {
    expect(latencyCounters('', routing).size).toBe(0);
    expect(latencyCounters('envoy_server_live{} 1\n', routing).size).toBe(0);
  });
});
