import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { coffeeRoutes } from './coffee.ts';
import type { Config } from './config.ts';
import type { Faults } from '../graceful/faults.ts';
import type { Metrics } from './metrics.ts';
import { answerErrors, notFound, requireHost } from '../graceful/problem.ts';

export interface AppOptions {
  config: Config;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** Undefined: no faults. */
  faults?: Faults | undefined;
}

/** The Express app of the public port. Health checks and the drain are the kit's (../graceful). */
export function createApp({ config, clock, log, metrics, faults }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  // Every order is new: hashing it for a cache is work for nothing.
  app.disable('etag');
  app.use(requestId);
  app.use(requireHost);
  if (faults) app.use(faults.middleware);
  app.use(coffeeRoutes({ config, clock, metrics }));
  app.use(notFound);
  app.use(answerErrors(log));
  return app;
}

/** Passes on the caller's `x-request-id`, if it is a sane one, or gives the request its own. */
const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  response.setHeader('x-request-id', given && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID());
  next();
};
