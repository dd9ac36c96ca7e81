import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ask, post, type RawAnswer } from '../mesh/support/raw-client.ts';
import { cases, startCase, type Case } from './support/cases.ts';
import { describeWithEnvoy } from './support/envoy.ts';
import { APP_CLUSTER, GatewayBench } from './support/gateway-bench.ts';

/**
 * By then an answer without a length is complete, and a connection
 * that is to end has ended (Envoy waits 1 s for the caller).
 */
const ENOUGH_MS = 1_500;

/**
 * The same configuration and the same bytes, once through the built-in proxy and once through a real Envoy.
 */
describeWithEnvoy('the built-in proxy answers as a real Envoy', (binary) => {
  let benches: [GatewayBench, GatewayBench];
  beforeAll(async () => {
    benches = await Promise.all([GatewayBench.start(undefined), GatewayBench.start(binary)]);
  });
  afterAll(async () => {
    for (const bench of benches) await bench.close();
  });

  async function answerOf(bench: GatewayBench, one: Case): Promise<unknown> {
    const app = await startCase(one);
    try {
      const address = one.pod === 'sidecar' ? await bench.sidecar(app.address, one.name) : app.address;
      const routes = one.routes ?? [
        { match: { prefix: '/' }, route: { cluster: APP_CLUSTER, timeout: '0s' }, name: 'r-app' },
      ];
      await bench.serve(one.pod === 'none' ? [] : [address], routes);
      bench.logs.clear();
      const answer = await ask(bench.address, one.request ?? post('/x?a=1', 'app.example'), ENOUGH_MS);
      // A request that is none leaves a line in Envoy's log alone: it
      // is waited for, so that it is not taken for the next one's.
      const log = one.unlogged === true && bench.isBuiltin ? [] : await bench.nextLines('gateway', 1);
      const sidecarLog = one.pod === 'sidecar' ? await bench.nextLines(one.name, 1) : [];
      const compared = one.unlogged === true ? [] : [...log, ...sidecarLog];
      return { ...masked(answer), log: compared.map(maskedLine) };
    } finally {
      if (one.pod === 'sidecar') await bench.plane.stop(one.name);
      await app.close();
    }
  }

  it.each(cases)('$name', async (one) => {
    const [builtin, envoy] = await Promise.all(benches.map((bench) => answerOf(bench, one)));
    expect(builtin).toEqual(envoy);
  });
});

describeWithEnvoy('a WebSocket through gateway and sidecar', (binary) => {
  it.each([
    ['the built-in proxy', undefined],
    ['a real Envoy', binary],
  ])('carries messages both ways and ends with either side (%s)', async (_which, envoy) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        if (data.toString() === 'bye') socket.close(4000, 'as you wish');
        else socket.send(`you said ${data.toString()}`);
      });
    });
    const bench = await GatewayBench.start(envoy);
    try {
      const { port } = server.address() as AddressInfo;
      await bench.serve([await bench.sidecar({ host: '127.0.0.1', port })]);
      const { host, port: gateway } = bench.address;
      const client = new WebSocket(`ws://${host}:${gateway}/`, { headers: { host: 'app.example' } });
      await once(client, 'open');
      const large = 'x'.repeat(300_000);
      for (const text of ['hello', large]) {
        client.send(text);
        const [answer] = (await once(client, 'message')) as [Buffer];
        expect(answer.toString()).toBe(`you said ${text}`);
      }
      client.send('bye');
      const [code] = (await once(client, 'close')) as [number];
      expect(code).toBe(4000);
    } finally {
      await bench.close();
      server.close();
    }
  });
});

/** Without what differs from one request to the next. */
function masked({ head, headers, body, ended }: RawAnswer): object {
  return {
    head,
    serviceTime: 'x-envoy-upstream-service-time' in headers,
    date: 'date' in headers,
    // Where chunks begin and end is nobody's promise.
    body: unchunked(head, body)
      .replace(/"x-request-id":"[0-9a-f-]{36}"/, '"x-request-id":"(uuid)"')
      .replace(/x-envoy-upstream-service-time: \d+/, 'x-envoy-upstream-service-time: (ms)')
      .replace(/"x-forwarded-for":"((?:[\d.]+,)?)[\d.]+"/, '"x-forwarded-for":"$1(caller)"'),
    ended,
  };
}

/** Without times, durations, ids and the sockets of this run. */
function maskedLine(line: string): string {
  return line
    .replace(/^\[[^\]]*\]/, '[time]')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '(uuid)')
    .replace(/(\d+\.){3}\d+(:\d+)?/g, '(ip)')
    .replace(
      /("[^"]*" )(\d+) (\d+) \d+ (\d+|-) /,
      (_all, before: string, received: string, sent: string, service: string) =>
        `${before}${received} ${sent} (ms) ${service === '-' ? '-' : '(ms)'} `,
    );
}

function unchunked(head: string[], body: string): string {
  if (!head.includes('transfer-encoding: chunked')) return body;
  let text = '';
  for (let at = 0; ;) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (line === -1 || !(size > 0)) return text;
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
