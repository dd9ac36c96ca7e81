import { json, type RequestHandler, Router } from 'express';
import type { Clock } from '../shared/clock.ts';
import { methodNotAllowed, ProblemError } from './problem.ts';

/** Fault injection (latency, errors, crash) to test alerts, canaries and drains. Probes are not affected. */
export interface Faults {
  /** Delays or fails requests of the public port. */
  middleware: RequestHandler;
  /**
   * `GET` and `PUT /faults`, `POST /faults/crash`, for the admin port;
   * `guard` stands before what changes something.
   */
  routes(guard: RequestHandler): Router;
}

interface Setting {
  /** Added to every request. */
  latencyMs: number;
  /** Share of requests answered with 500. */
  errorPercent: number;
}

const limits: Record<keyof Setting, number> = { latencyMs: 60_000, errorPercent: 100 };

export function createFaults(clock: Clock): Faults {
  let setting: Setting = { latencyMs: 0, errorPercent: 0 };
  const routes = (guard: RequestHandler): Router => {
    const router = Router();
    router
      .route('/faults')
      .get((_request, response) => {
        response.json(setting);
      })
      .put(guard, json(), (request, response) => {
        setting = { ...setting, ...readSetting(request.body) };
        response.json(setting);
      })
      .all(methodNotAllowed('GET, PUT'));
    router
      .route('/faults/crash')
      .post(guard, (request, response) => {
        const error = new Error('asked to crash through /faults/crash');
        response.status(202).json({ crash: error.message });
        if (request.query.kind === 'rejection') void Promise.reject(error);
        else
          setImmediate(() => {
            throw error;
          });
      })
      .all(methodNotAllowed('POST'));
    return router;
  };

  return {
    routes,
    async middleware(_request, _response, next) {
      if (setting.latencyMs > 0) await clock.wait(setting.latencyMs);
      if (Math.random() * 100 < setting.errorPercent) throw new Error('asked to fail through /faults');
      next();
    },
  };
}

function readSetting(body: unknown): Partial<Setting> {
  const wanted = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const setting: Partial<Setting> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (name !== 'latencyMs' && name !== 'errorPercent')
      throw new ProblemError(
        400,
        `There is no fault ${name}; there are ${Object.keys(limits).join(' and ')}.`,
      );
    if (typeof value !== 'number' || !(value >= 0 && value <= limits[name]))
      throw new ProblemError(400, `${name} must be a number from 0 to ${limits[name]}.`);
    setting[name] = value;
  }
  return setting;
}
