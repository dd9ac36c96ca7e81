import express, { type Express, type RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import { refusalOf } from '../shared/effects.ts';
import type { Log } from '../shared/log.ts';
import type { Drain } from './drain.ts';
import type { Faults } from './faults.ts';
import { answerErrors, methodNotAllowed, notFound, requireHost, sendProblem } from './problem.ts';

export interface AdminOptions {
  /** Undefined: this service does not know how to drain. */
  drain: Drain | undefined;
  /** Undefined: no faults on offer. */
  faults: Faults | undefined;
  registry: Registry;
  log: Log;
  /** Required of requests with an effect; empty: loopback only. */
  token: string;
  /** Told when a drain that was asked for here is over. */
  onDrained: () => void;
  /** What `GET /lifecycle` answers. */
  describe: () => object;
  /** Resolves when that answer is final. */
  closed: () => Promise<void>;
  identity: Record<string, string>;
}

/** Admin port, for kubelet, Prometheus and lifecycle sidecar. Not counted as traffic; closes last. */
export function createAdmin({ drain, faults, registry, log, describe, ...options }: AdminOptions): Express {
  const admin = express();
  admin.disable('x-powered-by');
  admin.disable('etag');
  admin.use((_request, response, next) => {
    response.set(options.identity);
    next();
  });
  admin.use(requireHost);
  const guard = mayHaveEffect(options.token, log);

  admin
    .route('/metrics')
    .get(async (_request, response) => {
      response.set('Content-Type', registry.contentType).end(await registry.metrics());
    })
    .all(methodNotAllowed('GET'));

  admin
    .route('/lifecycle')
    .get(async (request, response) => {
      // Long poll: the final state is rarely scraped before the pod exits.
      if (request.query.until === 'closed') {
        response.set('Connection', 'close');
        await options.closed();
      }
      response.json(describe());
    })
    .all(methodNotAllowed('GET'));

  if (drain) {
    // Answers when drained. GET too, since a preStop httpGet can do nothing else.
    const drained = admin.route('/lifecycle/drain');
    for (const method of ['get', 'post'] as const)
      drained[method](guard, async (request, response) => {
        const isKubelet = request.get('user-agent')?.startsWith('kube') ?? false;
        const result = await drain.begin(isKubelet ? 'preStop' : 'request');
        options.onDrained();
        response.json({ ...describe(), ...result });
      });
    drained.all(methodNotAllowed('GET, POST'));
  }

  if (faults) admin.use(faults.routes(guard));
  admin.use(notFound);
  admin.use(answerErrors(log));
  return admin;
}

/** Lets a request through that may have an effect, and refuses every other with the reason. */
function mayHaveEffect(token: string, log: Log): RequestHandler {
  return (request, response, next) => {
    const peer = request.socket.remoteAddress;
    const refusal = refusalOf({ headers: request.headers, peer }, token);
    if (refusal === undefined) {
      next();
      return;
    }
    log.warn('refused', { method: request.method, path: request.path, peer, reason: refusal });
    sendProblem(response, 403, refusal);
  };
}
