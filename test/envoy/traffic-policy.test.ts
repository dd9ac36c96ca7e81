import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp } from '../scripts/playground/mesh/support/apps.ts';
import { ask, post } from '../scripts/playground/mesh/support/raw-client.ts';
import { until } from '../scripts/playground/mesh/support/test-mesh.ts';
import { describeWithEnvoy } from './support/envoy.ts';
import { GatewayBench } from './support/gateway-bench.ts';

/** What a DestinationRule's policy makes of the same calls, once with the built-in proxy and once with a real Envoy. */
describeWithEnvoy('a DestinationRule’s traffic policy, obeyed by both proxies', (binary) => {
  const benches: GatewayBench[] = [];
  beforeAll(async () => {
    benches.push(...(await Promise.all([GatewayBench.start(undefined), GatewayBench.start(binary)])));
  });
  afterAll(async () => {
    for (const bench of benches) await bench.close();
  });
  const summary = ({ head, body }: { head: string[]; body: string }) => ({ head, body });

  it('puts an endpoint aside that fails three times in a row, and has none left', async () => {
    const both = await Promise.all(
      benches.map(async (bench) => {
        const app = await startApp((_request, response) =>
          response.writeHead(500, { 'content-length': '6' }).end('broken'),
        );
        await bench.serve([app.address], undefined, {
          outlierDetection: {
            consecutive5xxErrors: 3,
            interval: '60s',
            baseEjectionTime: '60s',
            maxEjectionPercent: 100,
          },
        });
        bench.logs.clear();
        const answers = [];
        for (let i = 0; i < 5; i += 1) answers.push(await ask(bench.address, post('/', 'app.example')));
        const lines = await bench.nextLines('gateway', 5);
        const { body } = await bench.ask('/clusters?format=json');
        await app.close();
        return {
          answers: answers.map(summary),
          flags: lines.map((line) => line.split('" ')[1]?.split(' ').slice(0, 3)),
          ejected: body.includes('"failed_outlier_check"'),
        };
      }),
    );
    const [builtin, envoy] = both;
    expect(builtin).toEqual(envoy);
    expect(builtin?.ejected).toBe(true);
    expect(builtin?.answers.map(({ body }) => body)).toEqual([
      ...['broken', 'broken', 'broken'],
      ...['no healthy upstream', 'no healthy upstream'],
    ]);
  });

  it('refuses a request beyond http2MaxRequests', async () => {
    const both = await Promise.all(
      benches.map(async (bench) => {
        let letGo: () => void = () => undefined;
        let held = 0;
        const app = await startApp((_request, response) => {
          held += 1;
          letGo = () => response.setHeader('content-length', '4').end('late');
        });
        await bench.serve([app.address], undefined, { connectionPool: { http: { http2MaxRequests: 1 } } });
        bench.logs.clear();
        const first = ask(bench.address, post('/', 'app.example'));
        await until('the first to have arrived', () => held === 1, 20_000);
        const second = await ask(bench.address, post('/', 'app.example'));
        const [line] = await bench.nextLines('gateway', 1);
        letGo();
        const { body } = await first;
        await app.close();
        return { first: body, second: summary(second), flags: line?.split('" ')[1]?.split(' ').slice(0, 3) };
      }),
    );
    const [builtin, envoy] = both;
    expect(builtin).toEqual(envoy);
    expect(builtin).toMatchObject({
      first: 'late',
      flags: ['503', 'UO', 'upstream_reset_before_response_started{overflow}'],
    });
  });
});
