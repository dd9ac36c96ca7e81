import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Histogram, Registry } from 'prom-client';
import { readConfig } from '../../../services/coffee-shop/config.ts';
import { createHistogram } from '../../../services/coffee-shop/histogram.ts';
import { createMetrics } from '../../../services/coffee-shop/metrics.ts';

const buckets = [0.005, 0.1, 1];
const seconds = [0, 0.005, 0.0051, 0.1, 0.5, 1, 1.1, 20];

describe('a histogram', () => {
  it('reads like that of prom-client', async () => {
    const [theirs, ours] = [new Registry(), new Registry()];
    const help = 'Durations.';
    const labels = { method: 'POST', status_code: 200 };
    const their = new Histogram({
      name: 'labelled',
      help,
      buckets,
      labelNames: Object.keys(labels),
      registers: [theirs],
    });
    const our = createHistogram({ name: 'labelled', help, buckets, registry: ours }).series(labels);
    const theirPlain = new Histogram({ name: 'plain', help, buckets, registers: [theirs] });
    const ourPlain = createHistogram({ name: 'plain', help, buckets, registry: ours }).series({});
    expect(await ours.getSingleMetricAsString('plain')).toBe(await theirs.getSingleMetricAsString('plain'));
    for (const value of seconds) {
      their.observe(labels, value);
      our.observe(value);
      theirPlain.observe(value);
      ourPlain.observe(value);
    }
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it('refuses a name that is taken, as every metric does', () => {
    const registry = new Registry();
    createHistogram({ name: 'taken', help: '-', buckets, registry });
    expect(() => createHistogram({ name: 'taken', help: '-', buckets, registry })).toThrow('taken');
  });
});

describe('the routes of the metrics', () => {
  it('are a bounded number, even if a router is mounted below a parameter', async () => {
    const { observeRequest, registry } = createMetrics(readConfig({}), { processMetrics: false });
    for (let shop = 0; shop < 1_000; shop += 1)
      observeRequest({
        request: {
          method: 'GET',
          baseUrl: `/shops/${shop}`,
          route: { path: '/coffee' },
        } as unknown as IncomingMessage,
        response: { statusCode: 200 } as unknown as ServerResponse,
        durationMs: 1,
        outcome: 'answered',
        probe: false,
      });
    const counts = (await registry.metrics()).match(/^http_request_duration_seconds_count.*$/gm) ?? [];
    expect(counts).toHaveLength(101);
    expect(counts).toContain(
      'http_request_duration_seconds_count{method="GET",route="__other",status_code="200"} 900',
    );
  });
});
