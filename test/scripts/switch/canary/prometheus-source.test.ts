import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { compareLatencies } from '../../../../scripts/switch/canary/latency.ts';
import {
  askPrometheus,
  createPrometheusSource,
  queriesFor,
} from '../../../../scripts/switch/canary/prometheus-source.ts';
import { parseSwitchArgs } from '../../../../scripts/switch/command/command-line.ts';
import { freePort } from '../../../support/free-port.ts';
import { hasPrometheus, startPrometheus } from '../../../support/prometheus.ts';

const host = 'coffee-shop.shop.svc.cluster.local';
const { signal } = new AbortController();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Answers every GET with what the test says. */
async function serve(
  answer: (url: URL) => { status?: number; body: string; type?: string },
): Promise<string> {
  const server = http.createServer((request, response) => {
    const { status = 200, body, type = 'application/json' } = answer(new URL(request.url ?? '/', 'http://x'));
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The shape of https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const vector = (...result: [Record<string, string>, string][]) =>
  JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: result.map(([metric, value]) => ({ metric, value: [1763900000.1, value] })),
    },
  });

describe('evidence from Prometheus', () => {
  it('evidence from Prometheus is asked for in Istio’s standard metrics, as callers report them', () => {
    expect(queriesFor([host], 30, 'destination_canonical_revision').errors).toBe(
      `sum by (destination_canonical_revision) (increase(istio_requests_total{reporter="source",destination_service="${host}",response_code=~"5..|0"}[30s]))`,
    );
    expect(queriesFor([host], 30)).toEqual({
      requests: `sum by (destination_version) (increase(istio_requests_total{reporter="source",destination_service="${host}"}[30s]))`,
      errors: `sum by (destination_version) (increase(istio_requests_total{reporter="source",destination_service="${host}",response_code=~"5..|0"}[30s]))`,
      latencies: `sum by (destination_version, le) (increase(istio_request_duration_milliseconds_bucket{reporter="source",destination_service="${host}"}[30s]))`,
    });
    expect(queriesFor(['shop.ns', 'shop-v1.ns'], 30).requests).toContain(
      'destination_service=~"shop[.]ns|shop-v1[.]ns"',
    );
  });

  it('evidence from Prometheus is read by version, rounded where Prometheus extrapolates', async () => {
    const asked: string[] = [];
    const url = await serve((at) => {
      const query = at.searchParams.get('query') ?? '';
      asked.push(`${at.pathname} ${query}`);
      if (query.includes('_bucket'))
        return {
          body: vector(
            [{ destination_version: 'v2', le: '+Inf' }, '120.3'],
            [{ destination_version: 'v2', le: '10' }, '20.1'],
            [{ destination_version: 'v2', le: '5' }, 'NaN'],
          ),
        };
      return query.includes('5..')
        ? { body: vector([{ destination_version: 'v2' }, '2.7']) }
        : {
            body: vector([{ destination_version: 'v1' }, '480.2'], [{ destination_version: 'v2' }, '119.6']),
          };
    });
    const window = await createPrometheusSource({ url: `${url}/`, hosts: [host] }).open(signal);
    expect([...(await window.counts(signal))]).toEqual([
      ['v1', { requests: 480, errors: 0 }],
      ['v2', { requests: 120, errors: 3 }],
    ]);
    expect([...((await window.latencies(signal)).get('v2') ?? [])]).toEqual([
      [5, 0],
      [10, 20],
      [Infinity, 100],
    ]);
    expect(asked.every((one) => one.startsWith('/api/v1/query sum by (destination_version'))).toBe(true);
  });

  it('evidence from Prometheus is an error with its reason when Prometheus refuses, is something else, or is not there', async () => {
    const refusing = await serve(() => ({
      status: 400,
      body: '{"status":"error","errorType":"bad_data","error":"parse error"}',
    }));
    await expect(askPrometheus(refusing, 'x(', signal)).rejects.toThrow(
      `Prometheus at ${refusing} answered 400: parse error (to x()`,
    );
    const other = await serve(() => ({ body: '<html>', type: 'text/html' }));
    await expect(askPrometheus(other, 'x', signal)).rejects.toThrow(
      `Prometheus at ${other} does not answer: `,
    );
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await expect(askPrometheus(nowhere, 'x', signal)).rejects.toThrow(/does not answer: .*ECONNREFUSED/);
  });

  it('--prometheus needs shares to judge and an address', () => {
    const parse = (...args: string[]) => parseSwitchArgs(['--to', 'v2', ...args], { defaultTemplates: 'x' });
    expect(parse('--canary', '5', '--prometheus', 'http://p:9090').options.prometheus).toBe('http://p:9090');
    expect(() => parse('--prometheus', 'http://p:9090')).toThrow(
      '--prometheus is for the evidence of a canary',
    );
    expect(() => parse('--canary', '5', '--prometheus', 'p:9090')).toThrow('--prometheus must be an address');
  });
});

(hasPrometheus ? describe : describe.skip)('evidence from a real Prometheus', () => {
  it('evidence from Prometheus tells the slow and failing version from the other one', async () => {
    // What a caller's proxy would show: v1 answers 20 in a second, v2
    // 5 of which one fails, and all of them late.
    const started = Date.now();
    const metric = (version: string, code: string, perSecond: number, within: number) => {
      const count = Math.floor((perSecond * (Date.now() - started)) / 1000);
      const labels = `reporter="source",destination_service="${host}",destination_version="${version}",response_code="${code}"`;
      const buckets = [10, 50, 100].map(
        (edge) =>
          `istio_request_duration_milliseconds_bucket{${labels},le="${edge}"} ${edge >= within ? count : 0}\n`,
      );
      return `istio_requests_total{${labels}} ${count}\n${buckets.join('')}istio_request_duration_milliseconds_bucket{${labels},le="+Inf"} ${count}\n`;
    };
    const target = await serve(() => ({
      type: 'text/plain; version=0.0.4',
      body: metric('v1', '200', 200, 10) + metric('v2', '200', 40, 100) + metric('v2', '503', 10, 100),
    }));
    const prometheus = await startPrometheus(target);
    closers.push(() => prometheus.close());
    const { url } = prometheus;
    const within = { deadlineMs: 30_000, intervalMs: 250 };
    const window = await createPrometheusSource({ url, hosts: [host] }).open(signal);
    const enough = async () => {
      const counts = await window.counts(signal);
      return (counts.get('v2')?.requests ?? 0) >= 100 ? counts : undefined;
    };
    const counts = await waitFor(enough, { ...within, what: '100 answers of v2' });
    const { requests = 0, errors = 0 } = counts.get('v2') ?? {};
    expect(errors / requests).toBeCloseTo(0.2, 1);
    expect(counts.get('v1')).toMatchObject({ errors: 0 });
    const timed = await window.latencies(signal);
    const compared = compareLatencies(timed.get('v2') ?? new Map(), timed.get('v1') ?? new Map(), 50);
    expect(compared).toMatchObject({ limitMs: 10, isSlow: true });
    expect(compared?.chance).toBeLessThan(1e-9);
  }, 60_000);
});
