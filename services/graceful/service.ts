import type { Server } from 'node:http';
import type { Registry } from 'prom-client';
import type { Clock } from '../shared/clock.ts';
import { createGuardedServer, type Handler } from '../shared/guarded-server.ts';
import { listen } from '../shared/listen.ts';
import type { Log } from '../shared/log.ts';
import { createAdmin } from './admin.ts';
import { answerClientErrors } from './client-errors.ts';
import type { GracefulConfig } from './config.ts';
import { describeLifecycle } from './describe.ts';
import { createDrain } from './drain.ts';
import { createEnding } from './ending.ts';
import { createFaults, type Faults } from './faults.ts';
import { createLifecycle } from './lifecycle.ts';
import { registerLifecycleMetrics } from './lifecycle-metrics.ts';
import { createMetrics } from './metrics.ts';
import { attachTerminus, healthPaths } from './terminus.ts';
import { createTraffic } from './traffic.ts';

/** What the kit lends to the app that it serves. */
export interface Kit {
  clock: Clock;
  log: Log;
  /** What is registered here stands on `/metrics`. */
  registry: Registry;
  /** Undefined: no faults are asked for. */
  faults: Faults | undefined;
}

export interface ServiceOptions {
  config: GracefulConfig;
  /**
   * Makes what answers the requests of the public port: an Express app, or a listener as `node:http` has it.
   */
  createHandler: (kit: Kit) => Handler;
  clock: Clock;
  log: Log;
  /**
   * Called when everything is closed: the moment to end the process. If it does not, terminus does, with 0.
   */
  onClosed?: () => void;
  /** Called once when a drain is over that was asked for on the admin port: SIGTERM should follow. */
  onDrained?: () => void;
  /** Node's own metrics; they cost a timer and are per process. */
  processMetrics?: boolean;
}

export interface Service {
  server: Server;
  admin: Server;
  /** Listens on both ports, and is ready after the warm-up. */
  start(): Promise<{ port: number; adminPort: number }>;
  /** For the account: when the process was told to end. */
  noteSignal(): void;
  /** Whether it was. */
  readonly isSignalled: boolean;
  /** How long an end that is told now may take: what is left of the drain, then what still runs. */
  readonly longestEndMs: number;
  /** Makes the end that follows a brief one: after an uncaught error nothing is certain any more. */
  hurry(): void;
}

const healthPrefix = '/health/';

/** Puts the parts together: the order in which they are attached is the order in which they work. */
export function createService({ config, clock, log, ...options }: ServiceOptions): Service {
  const identity = { 'x-version': config.version, 'x-pod': config.pod };
  const metrics = createMetrics(config, { processMetrics: options.processMetrics ?? true });
  const lifecycle = createLifecycle(clock, (state) => {
    // The drain tells of its beginning itself, with its reason; the end comes with the account.
    if (state !== 'draining' && state !== 'closed') log.info(state);
  });
  const traffic = createTraffic({
    clock,
    isProbe: ({ url }) => url === healthPaths.live || url === healthPaths.ready,
    onRequestEnd: metrics.observeRequest,
  });
  const { drain: rule, announce, waitUntilQuiet } = config;
  const drain = createDrain({ clock, log, lifecycle, traffic, rule, announce, waitUntilQuiet });
  registerLifecycleMetrics(metrics.registry, { traffic, lifecycle, drain });
  let signalledAt: number | undefined;
  const faults = config.faults ? createFaults(clock) : undefined;
  const describe = describeLifecycle({
    config,
    clock,
    lifecycle,
    traffic,
    drain,
    signalledAt: () => signalledAt,
  });

  const handler = options.createHandler({ clock, log, registry: metrics.registry, faults });
  const server = createGuardedServer(
    {
      keepAliveTimeout: config.keepAliveTimeoutMs,
      headersTimeout: config.headersTimeoutMs,
      requestTimeout: config.requestTimeoutMs,
      // How often Node looks for requests that take too long; its
      // default of 30 s would stretch every timeout.
      connectionsCheckingInterval: 1_000,
      // TCP keep-alive: detects peers that vanished without FIN.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      // Node would refuse without naming version and pod; problem.ts refuses instead.
      requireHostHeader: false,
    },
    (request, response) => (traffic.isTooLate(request) ? undefined : handler(request, response)),
    log,
  );
  const adminServer = createGuardedServer(
    { requireHostHeader: false },
    createAdmin({
      drain: config.shutdown === 'drain' ? drain : undefined,
      faults,
      token: config.preStopToken,
      onDrained: once(options.onDrained ?? (() => undefined)),
      registry: metrics.registry,
      log,
      describe,
      closed: () => ending.closed,
      identity,
    }),
    log,
  );
  const ending = createEnding({
    server,
    admin: adminServer,
    clock,
    log,
    lifecycle,
    traffic,
    drain,
    inFlightDeadlineMs: config.inFlightDeadlineMs,
    describe,
    onClosed: options.onClosed ?? (() => undefined),
  });

  answerClientErrors(server, identity);
  answerClientErrors(adminServer, identity);
  // From here on the order matters: terminus wraps the handlers there
  // are, and what is prepended last runs first.
  attachTerminus(server, {
    lifecycle,
    log,
    beforeClose: ending.beforeClose,
    afterClose: ending.afterClose,
    // Ours comes first, and counts what it cuts.
    socketDeadlineMs: config.inFlightDeadlineMs + 1_000,
  });
  traffic.watch(server);
  server.prependListener('request', (request, response) => {
    // terminus compares the whole URL; a probe with a query is still a
    // probe. Most requests are none: look once.
    if (request.url?.startsWith(healthPrefix)) {
      const path = request.url.split('?', 1)[0];
      if (path === healthPaths.live || path === healthPaths.ready) request.url = path;
    }
    response.setHeader('x-version', identity['x-version']);
    response.setHeader('x-pod', identity['x-pod']);
  });

  return {
    noteSignal() {
      signalledAt ??= clock.now();
    },
    get isSignalled() {
      return signalledAt !== undefined;
    },
    get longestEndMs() {
      return drain.leftMs + config.inFlightDeadlineMs;
    },
    server,
    admin: adminServer,
    async start() {
      const { host } = config;
      const adminPort = await listen(adminServer, { port: config.adminPort, host, portName: 'ADMIN_PORT' });
      const port = await listen(server, { port: config.port, host, portName: 'PORT' });
      log.info('listening', { port, adminPort });
      if (config.warmUpMs > 0) await clock.wait(config.warmUpMs);
      lifecycle.enter('ready');
      return { port, adminPort };
    },
    hurry() {
      const { crashDrainMs } = config;
      ending.hurry(crashDrainMs);
      const quietMs = Math.min(rule.quietMs, crashDrainMs / 4);
      void drain.begin('uncaught error', { minMs: 0, quietMs, deadlineMs: crashDrainMs });
    },
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
