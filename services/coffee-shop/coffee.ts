import { randomUUID } from 'node:crypto';
import { json, type Response, Router } from 'express';
import type { Clock } from '../shared/clock.ts';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';
import { methodNotAllowed, ProblemError } from '../graceful/problem.ts';

// A closed list: it is also a metric's label.
export const menu = ['espresso', 'americano', 'cappuccino', 'flat-white', 'latte', 'filter'] as const;
type Drink = (typeof menu)[number];

export interface CoffeeOptions {
  config: Config;
  clock: Clock;
  metrics: Metrics;
}

/** What the shop sells. An order is brewed and answered in one request; nothing is stored. */
export function coffeeRoutes({ config, clock, metrics }: CoffeeOptions): Router {
  const madeBy = { version: config.version, pod: config.pod };
  const router = Router();

  router
    .route('/coffee')
    .get(async (request, response) => {
      const { brew } = request.query;
      if (brew === undefined) {
        response.json({ drink: 'filter', ...madeBy });
        return;
      }
      const brewMs = parseBrew(brew, config.maxBrewMs);
      response.type('application/x-ndjson');
      if (request.method === 'HEAD') response.end();
      else await streamBrew(response, clock, brewMs, { drink: 'filter', ...madeBy });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/orders')
    // Whatever its label says, an order is JSON: curl -d labels it as a form.
    .post(json({ limit: config.maxBodyBytes, type: () => true }), async (request, response) => {
      const drink = readOrder(request.body, metrics);
      const startedAt = clock.now();
      if (config.brewMs > 0) await clock.wait(config.brewMs);
      metrics.brewSeconds.observe((clock.now() - startedAt) / 1000);
      metrics.orders.inc({ drink, outcome: 'brewed' });
      response.json({ id: randomUUID(), drink, ...madeBy });
    })
    .all(methodNotAllowed('POST'));

  return router;
}

function readOrder(body: unknown, metrics: Metrics): Drink {
  // No body at all orders the house coffee.
  const wanted = body === undefined ? 'espresso' : ((body as { drink?: unknown }).drink ?? 'espresso');
  const drink = menu.find((name) => name === wanted);
  if (drink !== undefined) return drink;
  metrics.orders.inc({ drink: 'unknown', outcome: 'rejected' });
  throw new ProblemError(400, `"drink" must be one of ${menu.join(', ')}.`);
}

function parseBrew(brew: unknown, maxBrewMs: number): number {
  const [, amount, unit] = (typeof brew === 'string' && /^(\d{1,9})(ms|s)$/.exec(brew)) || [];
  const ms = Number(amount) * (unit === 's' ? 1000 : 1);
  if (ms <= maxBrewMs) return ms;
  throw new ProblemError(400, `"brew" must be a duration such as 20s or 500ms, at most ${maxBrewMs}ms.`);
}

/** Answers over `brewMs`, a line of progress per second, the coffee as the last line. */
async function streamBrew(response: Response, clock: Clock, brewMs: number, coffee: object): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const startedAt = clock.now();
  for (;;) {
    const elapsedMs = clock.now() - startedAt;
    if (gone.signal.aborted) return;
    if (elapsedMs >= brewMs) break;
    response.write(`${JSON.stringify({ brewing: true, elapsedMs: Math.round(elapsedMs) })}\n`);
    await clock.wait(Math.min(1000, brewMs - elapsedMs), gone.signal);
  }
  response.end(`${JSON.stringify(coffee)}\n`);
}
