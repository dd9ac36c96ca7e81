import express, { type Express } from 'express';
import type { Log } from '../shared/log.ts';
import type { Drain } from './drain.ts';
import type { Metrics } from './metrics.ts';
import { answerErrors, methodNotAllowed, notFound } from './problem.ts';

export interface AdminOptions {
  /** Undefined: this service does not know how to drain. */
  drain: Drain | undefined;
  metrics: Metrics;
  log: Log;
  /** What `GET /lifecycle` answers. */
  describe: () => object;
  identity: Record<string, string>;
}

/** The port for the kubelet, Prometheus and the lifecycle sidecar. It never counts as traffic, and closes last. */
export function createAdmin({ drain, metrics, log, describe, identity }: AdminOptions): Express {
  const admin = express();
  admin.disable('x-powered-by');
  admin.disable('etag');
  admin.use((_request, response, next) => {
    response.set(identity);
    next();
  });

  admin
    .route('/metrics')
    .get(async (_request, response) => {
      response.set('Content-Type', metrics.registry.contentType).end(await metrics.registry.metrics());
    })
    .all(methodNotAllowed('GET'));

  admin
    .route('/lifecycle')
    .get((_request, response) => {
      response.json(describe());
    })
    .all(methodNotAllowed('GET'));

  if (drain) {
    // Answers when drained. GET too, since a preStop httpGet can do nothing else.
    const drained = admin.route('/lifecycle/drain');
    for (const method of ['get', 'post'] as const)
      drained[method](async (request, response) => {
        const result = await drain.begin(
          request.get('user-agent')?.startsWith('kube') ? 'preStop' : 'request',
        );
        response.json({ ...describe(), ...result });
      });
    drained.all(methodNotAllowed('GET, POST'));
  }

  admin.use(notFound);
  admin.use(answerErrors(log));
  return admin;
}
