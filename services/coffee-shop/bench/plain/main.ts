import { createServer } from 'node:http';
import { monotonicClock } from '../../../shared/clock.ts';
import { listen } from '../../../shared/listen.ts';
import { silentLog } from '../../../shared/log.ts';
import { createApp } from '../../app.ts';
import { readConfig } from '../../config.ts';
import type { Metrics } from '../../metrics.ts';

/**
 * The same Express app without metrics, health, drain and terminus: what the benchmark compares the service with.
 * Says its port in one JSON line, as the service does.
 */
const config = readConfig(process.env);
const nothing = (): void => undefined;
const metrics = { orders: { inc: nothing }, brewSeconds: { observe: nothing } } as unknown as Metrics;
const app = createApp({ config, clock: monotonicClock, log: silentLog, metrics });
const server = createServer((request, response) => {
  response.setHeader('x-version', config.version);
  response.setHeader('x-pod', config.pod);
  app(request, response);
});
void listen(server, { port: config.port, host: config.host, portName: 'PORT' }).then((port) => {
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port })}\n`);
});
