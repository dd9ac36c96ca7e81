import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMetrics } from '../../../services/graceful/metrics.ts';

describe('the routes of the metrics', () => {
  it('are a bounded number, even if a router is mounted below a parameter', async () => {
    const { observeRequest, registry } = createMetrics(
      { version: 'v1', revision: 'r' },
      { processMetrics: false },
    );
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
