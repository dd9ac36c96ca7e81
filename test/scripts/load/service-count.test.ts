import { afterEach, describe, expect, it } from '@jest/globals';
import { runLoad } from '../../../scripts/load/index.ts';
import { killLeftovers, startCoffeeShop } from '../../support/service-process.ts';

afterEach(killLeftovers);

/** What the service says it answered on its public port, probes left out, by status. */
async function countedByService(adminPort: number): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, status = '', n] of text.matchAll(
    /^http_request_duration_seconds_count\{.*status_code="(\d+)".*\} (\d+)$/gm,
  )) {
    counts[status] = (counts[status] ?? 0) + Number(n);
  }
  return counts;
}

describe('the account of a load on the coffee-shop', () => {
  it('equals what the service itself counted', async () => {
    const service = await startCoffeeShop();
    const account = await runLoad({
      url: `http://127.0.0.1:${service.port}/orders`,
      qps: 500,
      connections: 20,
      durationMs: 1000,
      method: 'POST',
      body: '{"drink":"espresso"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(account).toMatchObject({ sent: 500, lost: 0, byVersion: { v1: 500 }, byPod: { 'coffee-1': 500 } });
    expect(await countedByService(service.adminPort)).toEqual(account.byStatus);
  });
});
