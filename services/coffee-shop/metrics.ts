import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Config } from './config.ts';
import { createHistogram, type Series } from './histogram.ts';
import type { RequestEnd } from '../graceful/traffic.ts';

/** What this service says about itself. Every label has a closed set of values: nothing a caller sends becomes one. */
export interface Metrics {
  registry: Registry;
  observeRequest: (end: RequestEnd) => void;
  orders: Counter<'drink' | 'outcome'>;
  brewSeconds: Series;
}

// OpenTelemetry's advice for HTTP servers:
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const usualMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

// A router below a parameter, such as app.use('/shops/:id', ...), would make a route of every value.
const maxRoutes = 100;

export function createMetrics(config: Config, { processMetrics = true } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (processMetrics) collectDefaultMetrics({ register: registry });

  const requestSeconds = createHistogram({
    name: 'http_request_duration_seconds',
    help: 'Requests on the public port, probes left out. Aborted by the caller: 499; cut by the drain deadline: 503.',
    buckets,
    registry,
  });
  const byRoute = new Map<string, Map<string, Map<number, Series>>>();
  const seriesOf = (request: RequestEnd['request'], status: number): Series => {
    const asked = routeOf(request);
    const route = byRoute.has(asked) || byRoute.size < maxRoutes ? asked : '__other';
    const method = usualMethods.has(request.method ?? '') ? (request.method ?? '') : '_OTHER';
    const byMethod = entry(byRoute, route, () => new Map<string, Map<number, Series>>());
    const byStatus = entry(byMethod, method, () => new Map<number, Series>());
    return entry(byStatus, status, () => requestSeconds.series({ method, route, status_code: status }));
  };
  const probes = new Counter({
    name: 'http_health_checks_total',
    help: 'Requests to /health/*; they are not traffic.',
    labelNames: ['route', 'status_code'],
    registers,
  });
  const aborts = new Counter({
    name: 'http_client_aborts_total',
    help: 'Requests whose caller left before the answer was complete.',
    registers,
  });
  new Gauge({
    name: 'app_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'revision', 'node'],
    registers,
  }).set({ version: config.version, revision: config.revision, node: process.version }, 1);

  return {
    registry,
    observeRequest({ request, response, durationMs, outcome, probe }) {
      const status = { answered: response.statusCode, aborted: 499, cut: 503 }[outcome];
      if (probe) {
        probes.inc({ route: request.url ?? '', status_code: status });
        return;
      }
      if (outcome === 'aborted') aborts.inc();
      seriesOf(request, status).observe(durationMs / 1000);
    },
    orders: new Counter({
      name: 'coffee_orders_total',
      help: 'Orders by drink and outcome.',
      labelNames: ['drink', 'outcome'],
      registers,
    }),
    brewSeconds: createHistogram({
      name: 'coffee_brew_duration_seconds',
      help: 'How long brewing took.',
      buckets,
      registry,
    }).series({}),
  };
}

/** The matched template, such as `/orders/:id`, never the path: paths are as many as callers please. */
function routeOf(request: RequestEnd['request']): string {
  const { route, baseUrl } = request as { route?: { path: unknown }; baseUrl?: string };
  return typeof route?.path === 'string' ? `${baseUrl ?? ''}${route.path}` : '__unmatched';
}

/** The value of `key`, made by `create` if there is none yet. */
function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
