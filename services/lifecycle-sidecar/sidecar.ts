import { writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { refusalOf } from '../shared/effects.ts';
import { createGuardedServer } from '../shared/guarded-server.ts';
import { listen } from '../shared/listen.ts';
import type { Log } from '../shared/log.ts';
import { isWell } from './ask.ts';
import type { Config } from './config.ts';
import { createEndpointWatch } from './endpoint-watch.ts';
import { beginFlight, type Flight } from './flight.ts';
import type { FlightRecord } from './flight-record.ts';
import { createSidecarMetrics } from './metrics.ts';
import type { Watch } from './watch.ts';

export interface SidecarOptions {
  config: Config;
  clock: Clock;
  log: Log;
  watch: Watch;
}

export interface Sidecar {
  server: Server;
  start(): Promise<number>;
  /**
   * Waits for the app's end, at most the grace time, and closes. As a native sidecar the app is gone already.
   */
  stop(): Promise<void>;
}

/** Sequences the pod's last seconds from outside the app, and keeps the record of them. */
export function createSidecar({ config, clock, log, watch }: SidecarOptions): Sidecar {
  const metrics = createSidecarMetrics();
  let flight: Flight | undefined;
  /** A flight has ended with the app, and no other app has been seen since. */
  let landed = false;

  const keep = (record: FlightRecord): void => {
    try {
      writeFileSync(config.terminationLog, JSON.stringify(record));
    } catch (error) {
      // A full disk must not hold up the pod's end; the log line has the record too.
      metrics.recordsLost.inc();
      log.error('flight record not written', { file: config.terminationLog, error });
    }
  };

  const endpointGone =
    config.endpointService === ''
      ? undefined
      : createEndpointWatch({
          kubernetesUrl: config.kubernetesUrl,
          namespace: config.namespace,
          service: config.endpointService,
          podIp: config.podIp,
          clock,
          pollMs: config.pollMs,
          timeoutMs: config.lookTimeoutMs,
        });

  const begin = (began: FlightRecord['began']): Flight => {
    const { pod, rule, pollMs, graceMs } = config;
    const begun = beginFlight(began, { pod, watch, clock, log, rule, pollMs, graceMs, endpointGone, keep });
    flight = begun;
    landed = false;
    metrics.draining.set(1);
    // The container may be restarted instead of the pod deleted: then the next hook is another flight.
    void begun.untilGone().then(({ outcome, afterMs }) => {
      if (outcome !== null) metrics.preStops.inc({ outcome: outcomeLabel(outcome) });
      if (afterMs.answered !== null) metrics.preStopSeconds.observe(afterMs.answered / 1000);
      flight = undefined;
      landed = afterMs.exit !== null;
      metrics.draining.set(0);
    });
    return begun;
  };

  const isReady = async (): Promise<string | undefined> => {
    if (flight) return 'draining';
    if (!(await isWell(config.appReadyUrl, config.lookTimeoutMs))) return 'app not ready';
    if (config.proxyReadyUrl !== '' && !(await isWell(config.proxyReadyUrl, config.lookTimeoutMs)))
      return 'proxy not ready';
    landed = false;
    // The first chance to learn how the app can be watched, long before it matters.
    await watch.works();
    return undefined;
  };

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> = {
    async '/pre-stop'(request, response) {
      const peer = request.socket.remoteAddress;
      const refusal = refusalOf({ headers: request.headers, peer }, config.preStopToken);
      if (refusal !== undefined) {
        log.warn('refused', { path: '/pre-stop', peer, reason: refusal });
        answer(response, 403, { error: refusal });
        return;
      }
      answer(response, 200, await (flight ?? begin('preStop')).untilDrained());
    },
    async '/health/ready'(_request, response) {
      const obstacle = await isReady();
      answer(response, obstacle === undefined ? 200 : 503, { status: obstacle ?? 'ok' });
    },
    '/health/live'(_request, response) {
      answer(response, 200, { status: 'ok' });
      return Promise.resolve();
    },
    async '/metrics'(_request, response) {
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    },
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const route = routes[request.url?.split('?', 1)[0] ?? ''];
    if (!route) {
      answer(response, 404, { error: `there are ${Object.keys(routes).join(', ')}` });
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, { error: 'only GET' });
    } else {
      route(request, response).catch((error: unknown) => {
        log.error('request failed', { path: request.url, error });
        answer(response, 500, { error: 'see the log' });
      });
    }
  };
  const server = createGuardedServer({}, onRequest, log);

  return {
    server,
    async start() {
      const port = await listen(server, { port: config.port, host: config.host, portName: 'PORT' });
      log.info('listening', { port });
      return port;
    },
    async stop() {
      // As a native sidecar it hears of the end only when the record of the app's end is already written.
      if (!landed) {
        const last = flight ?? begin('SIGTERM');
        last.noteSigterm();
        await last.untilGone();
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The app says how its drain ended, in its own words: as a label only those that are known. */
function outcomeLabel(outcome: string): string {
  const known = ['quiet', 'deadline', 'unused', 'unprotected', 'closing', 'closed', 'app-gone'];
  return known.includes(outcome) ? outcome : 'other';
}
