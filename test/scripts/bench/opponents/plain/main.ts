import { createServer } from 'node:http';
import { monotonicClock } from '../../../../../services/shared/clock.ts';
import { listen } from '../../../../../services/shared/listen.ts';
import { silentLog } from '../../../../../services/shared/log.ts';
import { createApp } from '../../../../../services/coffee-shop/app.ts';
import { readConfig } from '../../../../../services/coffee-shop/config.ts';
import type { Metrics } from '../../../../../services/coffee-shop/metrics.ts';

/**
 * The same Express app without metrics, health, drain and terminus: what the benchmark compares the service
 * with. Says its port in one JSON line, as the service does.
 */
const config = readConfig(process.env);
const nothing = (): void => undefined;
const metrics: Metrics = { orders: { inc: nothing }, brewSeconds: { observe: nothing } };
const app = createApp({ config, clock: monotonicClock, log: silentLog, metrics });
const server = createServer((request, response) => {
  response.setHeader('x-version', config.version);
  response.setHeader('x-pod', config.pod);
  app(request, response);
});
void listen(server, { port: config.port, host: config.host, portName: 'PORT' }).then((port) => {
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port })}\n`);
});
