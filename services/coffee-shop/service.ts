import { createServer, type Server } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { listen } from '../shared/listen.ts';
import type { Log } from '../shared/log.ts';
import { createAdmin } from './admin.ts';
import { createApp } from './app.ts';
import { answerClientErrors } from './client-errors.ts';
import type { Config } from './config.ts';
import { describeLifecycle } from './describe.ts';
import { createDrain } from './drain.ts';
import { createLifecycle } from './lifecycle.ts';
import { createMetrics } from './metrics.ts';
import { attachTerminus, healthPaths } from './terminus.ts';
import { createTraffic } from './traffic.ts';

export interface ServiceOptions {
  config: Config;
  clock: Clock;
  log: Log;
  /** Called when everything is closed: the moment to end the process. If it does not, terminus does, with 0. */
  onClosed?: () => void;
  /** Node's own metrics; they cost a timer and are per process. */
  processMetrics?: boolean;
}

export interface Service {
  server: Server;
  admin: Server;
  /** Listens on both ports, and is ready after the warm-up. */
  start(): Promise<{ port: number; adminPort: number }>;
  /** Makes the end that follows a brief one: after an uncaught error nothing is certain any more. */
  hurry(): void;
}

/** Puts the parts together; the order in which they are attached to the server matters. */
export function createService({ config, clock, log, ...options }: ServiceOptions): Service {
  const identity = { 'x-version': config.version, 'x-pod': config.pod };
  const metrics = createMetrics(config, { processMetrics: options.processMetrics ?? true });
  const lifecycle = createLifecycle(clock, (state) => {
    // The drain tells of its beginning itself, with its reason.
    if (state !== 'draining') log.info(state);
  });
  const traffic = createTraffic({
    clock,
    isProbe: ({ url }) => url === healthPaths.live || url === healthPaths.ready,
    onRequestEnd: metrics.observeRequest,
  });
  metrics.follow({ traffic, lifecycle });
  const drain = createDrain({
    clock,
    log,
    lifecycle,
    traffic,
    rule: config.drain,
    announce: config.announce,
    waitUntilQuiet: config.waitUntilQuiet,
  });

  const app = createApp({ config, clock, log, metrics });
  const server = createServer(
    {
      keepAliveTimeout: config.keepAliveTimeoutMs,
      headersTimeout: config.headersTimeoutMs,
      requestTimeout: config.requestTimeoutMs,
      // How often Node looks for requests that take too long; its default of 30 s would stretch every timeout.
      connectionsCheckingInterval: 1_000,
      // Finds peers that vanished without a word.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    },
    (request, response) => {
      if (!traffic.isTooLate(request)) app(request, response);
    },
  );
  answerClientErrors(server, identity);

  const adminServer = createServer(
    createAdmin({
      drain: config.shutdown === 'drain' ? drain : undefined,
      metrics,
      log,
      describe: describeLifecycle({ config, clock, lifecycle, traffic, drain }),
      identity,
    }),
  );
  answerClientErrors(adminServer, identity);

  let inFlightDeadlineMs = config.inFlightDeadlineMs;
  let cutTimer: NodeJS.Timeout | undefined;

  const closeAdmin = async (): Promise<void> => {
    if (!adminServer.listening) return;
    await new Promise((resolve) => {
      adminServer.close(resolve);
      adminServer.closeAllConnections();
    });
  };

  const afterClose = async (): Promise<void> => {
    clearTimeout(cutTimer);
    await closeAdmin();
    lifecycle.enter('closed');
    options.onClosed?.();
  };

  attachTerminus(server, {
    lifecycle,
    log,
    async beforeClose() {
      // terminus cannot close what does not listen yet.
      if (!server.listening) return afterClose();
      const { durationMs } = await drain.finish('SIGTERM');
      metrics.drainSeconds.set(durationMs / 1000);
      lifecycle.enter('closing');
      cutTimer = setTimeout(() => {
        const cut = traffic.cutAll();
        metrics.forcedCloses.inc({ kind: 'request' }, cut.requests);
        metrics.forcedCloses.inc({ kind: 'connection' }, cut.connections);
        log.warn('cut', cut);
      }, inFlightDeadlineMs);
    },
    afterClose,
    // Ours comes first, and counts what it cuts.
    socketDeadlineMs: config.inFlightDeadlineMs + 1_000,
  });
  traffic.watch(server);
  // Prepended last, so that it runs first: what follows relies on the path.
  server.prependListener('request', (request, response) => {
    // terminus compares the whole URL; a probe with a query is still a probe.
    const path = request.url?.split('?', 1)[0];
    if (path === healthPaths.live || path === healthPaths.ready) request.url = path;
    for (const [name, value] of Object.entries(identity)) response.setHeader(name, value);
  });
  return {
    server,
    admin: adminServer,
    async start() {
      const { host } = config;
      const adminPort = await listen(adminServer, { port: config.adminPort, host, portName: 'ADMIN_PORT' });
      const port = await listen(server, { port: config.port, host, portName: 'PORT' }).catch(
        async (error: unknown) => {
          await closeAdmin();
          throw error;
        },
      );
      log.info('listening', { port, adminPort });
      if (config.warmUpMs > 0) await clock.wait(config.warmUpMs);
      lifecycle.enter('ready');
      return { port, adminPort };
    },
    hurry() {
      inFlightDeadlineMs = Math.min(inFlightDeadlineMs, config.crashDrainMs);
      void drain.begin('uncaught error', {
        minMs: 0,
        quietMs: Math.min(config.drain.quietMs, config.crashDrainMs / 4),
        deadlineMs: config.crashDrainMs,
      });
    },
  };
}
