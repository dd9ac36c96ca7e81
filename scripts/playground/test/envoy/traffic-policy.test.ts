import type { RouteJson } from '../../mesh/xds-types.ts';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp } from '../mesh/support/apps.ts';
import { ask, post } from '../mesh/support/raw-client.ts';
import { until } from '../mesh/support/test-mesh.ts';
import { describeWithEnvoy } from './support/envoy.ts';
import { APP_CLUSTER, GatewayBench } from './support/gateway-bench.ts';

/**
 * What a DestinationRule's policy makes of the same calls, once with
 * the built-in proxy and once with a real Envoy.
 */
describeWithEnvoy('a DestinationRule’s traffic policy, obeyed by both proxies', (binary) => {
  const benches: GatewayBench[] = [];
  beforeAll(async () => {
    benches.push(...(await Promise.all([GatewayBench.start(undefined), GatewayBench.start(binary)])));
  });
  afterAll(async () => {
    for (const bench of benches) await bench.close();
  });
  const summary = ({ head, body }: { head: string[]; body: string }) => ({ head, body });

  it.each([
    [500, { consecutive5xxErrors: 3 }],
    [502, { consecutive5xxErrors: 0, consecutiveGatewayErrors: 3 }],
  ])(
    'puts an endpoint aside that fails three times in a row, and has none left (%d)',
    async (status, errors) => {
      const both = await Promise.all(
        benches.map(async (bench) => {
          const app = await startApp((_request, response) =>
            response.writeHead(status, { 'content-length': '6' }).end('broken'),
          );
          await bench.serve([app.address], undefined, {
            outlierDetection: {
              ...errors,
              interval: '60s',
              baseEjectionTime: '60s',
              maxEjectionPercent: 100,
            },
          });
          bench.logs.clear();
          const call = () => ask(bench.address, post('/', 'app.example'));
          const answers = [];
          for (let i = 0; i < 3; i += 1) answers.push(await call());
          const lines = await bench.nextLines('gateway', 3);
          // Envoy's workers hear of it a moment later.
          let more = 1;
          const isAside = async () => {
            more += 1;
            return (await call()).status === 503;
          };
          await until('it to be put aside', isAside, 20_000);
          answers.push(await call());
          lines.push(...(await bench.nextLines('gateway', more)).slice(-1));
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
        'no healthy upstream',
      ]);
    },
  );

  /** Status, flags and why, of the gateway's log lines. */
  const verdicts = (lines: string[]) => lines.map((line) => line.split('" ')[1]?.split(' ').slice(0, 3));

  it('lets as many wait as http1MaxPendingRequests allows for the maxConnections there are, and refuses the others', async () => {
    const both = await Promise.all(
      benches.map(async (bench) => {
        const held: (() => void)[] = [];
        let isOpen = false;
        const app = await startApp((_request, response) => {
          const answer = () => void response.setHeader('content-length', '4').end('late');
          if (isOpen) answer();
          else held.push(answer);
        });
        await bench.serve([app.address], undefined, {
          connectionPool: { tcp: { maxConnections: 2 }, http: { http1MaxPendingRequests: 3 } },
        });
        bench.logs.clear();
        const call = () => ask(bench.address, post('/', 'app.example'));
        const answers = [];
        for (const count of [1, 2]) {
          answers.push(call());
          await until(`${count} to have arrived`, () => held.length === count, 20_000);
        }
        answers.push(...Array.from({ length: 8 }, call));
        const refused = await bench.nextLines('gateway', 5);
        const meanwhile = await bench.counters(
          ...['upstream_cx_active', 'upstream_rq_active', 'upstream_rq_pending_active'],
          ...['default.(cx|rq|rq_pending|rq_retry)_open', 'cx_overflow', 'pending_overflow'],
        );
        isOpen = true;
        for (const answer of held) answer();
        const all = (await Promise.all(answers)).map(summary);
        const connections = app.connections();
        await bench.nextLines('gateway', 5);
        const after = await bench.counters(
          'pending_overflow',
          'pending_active',
          'default.(cx|rq_pending)_open',
        );
        await app.close();
        return {
          refused: verdicts(refused),
          answers: all.map(({ body }) => body).sort(),
          heads: all.filter(({ body }) => body !== 'late'),
          meanwhile,
          connections,
          after,
        };
      }),
    );
    const [builtin, envoy] = both;
    expect(builtin).toEqual(envoy);
    expect(builtin?.answers.filter((body) => body === 'late')).toHaveLength(5);
    expect(builtin).toMatchObject({
      refused: Array(5).fill(['503', 'UO', 'upstream_reset_before_response_started{overflow}']) as unknown,
      connections: 2,
      meanwhile: {
        upstream_rq_pending_active: 3,
        upstream_cx_active: 2,
        upstream_cx_overflow: 3,
        upstream_rq_pending_overflow: 5,
      },
      after: { upstream_rq_pending_active: 0 },
    });
  });

  it.each(['503', 'reset'] as const)(
    'tries no more again at the same time than maxRetries allows (%s)',
    async (how) => {
      const routes: RouteJson[] = [
        {
          match: { prefix: '/' },
          route: {
            cluster: APP_CLUSTER,
            timeout: '0s',
            retry_policy: { retry_on: '5xx,reset', num_retries: 2 },
          },
          name: 'r-app',
        },
      ];
      const RETRY_OPEN = 'circuit_breakers.default.rq_retry_open';
      const both = await Promise.all(
        benches.map(async (bench) => {
          let letGo: () => void = () => undefined;
          let attempts = 0;
          const app = await startApp((_request, response) => {
            attempts += 1;
            if (attempts === 2) letGo = () => void response.setHeader('content-length', '4').end('late');
            else if (attempts === 3 && how === 'reset') response.socket?.destroy();
            else response.writeHead(503, { 'content-length': '4' }).end('busy');
          });
          await bench.serve([app.address], routes, { connectionPool: { http: { maxRetries: 1 } } });
          bench.logs.clear();
          const before = await bench.counters('retry_overflow');
          const first = ask(bench.address, post('/', 'app.example'));
          await until('it is being tried again', () => attempts === 2, 20_000);
          const second = await ask(bench.address, post('/', 'app.example'));
          const lines = verdicts(await bench.nextLines('gateway', 1));
          const meanwhile = await bench.counters('default.rq_retry_open');
          letGo();
          const { body } = await first;
          await bench.nextLines('gateway', 1);
          await app.close();
          const after = await bench.counters('retry_overflow', 'default.rq_retry_open');
          return { first: body, second: summary(second), lines, meanwhile, before, after, attempts };
        }),
      );
      const [builtin, envoy] = both;
      expect(builtin).toEqual(envoy);
      expect(builtin).toMatchObject({ first: 'late', attempts: 3, meanwhile: { [RETRY_OPEN]: 1 } });
      expect(builtin?.lines[0]?.[1]).toBe(how === '503' ? 'UO' : 'UO,UC');
    },
  );

  it('ends a connection after maxRequestsPerConnection, and one that was idle for idleTimeout', async () => {
    const both = await Promise.all(
      benches.map(async (bench) => {
        const app = await startApp((_request, response) =>
          response.setHeader('content-length', '2').end('ok'),
        );
        await bench.serve([app.address], undefined, {
          connectionPool: { http: { maxRequestsPerConnection: 2, idleTimeout: '0.3s' } },
        });
        bench.logs.clear();
        const call = () => ask(bench.address, post('/', 'app.example'));
        for (let i = 0; i < 5; i += 1) await call();
        const used = app.connections();
        const active = () => bench.counters('upstream_cx_active');
        const meanwhile = await active();
        await until(
          'it to have been idle for long',
          async () => (await active())['upstream_cx_active'] === 0,
        );
        await call();
        await bench.nextLines('gateway', 6);
        const again = app.connections();
        await app.close();
        return { used, meanwhile, again };
      }),
    );
    expect(both).toEqual(Array(2).fill({ used: 3, meanwhile: { upstream_cx_active: 1 }, again: 4 }));
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
        await bench.nextLines('gateway', 1);
        await app.close();
        const counters = await bench.counters('rq_active_overflow', 'rq_active', 'default.rq_open');
        return {
          first: body,
          second: summary(second),
          counters,
          flags: line?.split('" ')[1]?.split(' ').slice(0, 3),
        };
      }),
    );
    const [builtin, envoy] = both;
    expect(builtin).toEqual(envoy);
    expect(builtin).toMatchObject({
      first: 'late',
      counters: { upstream_rq_active_overflow: 1, upstream_rq_active: 0 },
      flags: ['503', 'UO', 'upstream_reset_before_response_started{overflow}'],
    });
  });
});
