import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GracefulConfig } from './config.ts';
import type { RequestEnd } from './traffic.ts';

/** The kit's metrics. Every label has a closed set of values: no input of a caller becomes one. */
export interface Metrics {
  registry: Registry;
  observeRequest: (end: RequestEnd) => void;
}

// OpenTelemetry's advice for HTTP servers:
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const usualMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

// A router below a parameter, such as app.use('/shops/:id', ...), would make a route of every value.
const maxRoutes = 100;

export function createMetrics(
  config: Pick<GracefulConfig, 'version' | 'revision'>,
  { processMetrics = true } = {},
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (processMetrics) collectDefaultMetrics({ register: registry });

  const requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests on the public port, probes left out. Aborted by the caller: 499; cut by the drain deadline: 503.',
    labelNames: ['method', 'route', 'status_code'],
    buckets,
    registers,
  });
  const routes = new Set<string>();
  const boundedRouteOf = (request: RequestEnd['request']): string => {
    const route = routeOf(request);
    if (routes.has(route)) return route;
    if (routes.size >= maxRoutes) return '__other';
    routes.add(route);
    return route;
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
      const method = usualMethods.has(request.method ?? '') ? (request.method ?? '') : '_OTHER';
      requestSeconds.observe(
        { method, route: boundedRouteOf(request), status_code: status },
        durationMs / 1000,
      );
    },
  };
}

/** The matched template, such as `/orders/:id`, never the path: paths are as many as callers please. */
function routeOf(request: RequestEnd['request']): string {
  const { route, baseUrl } = request as { route?: { path: unknown }; baseUrl?: string };
  return typeof route?.path === 'string' ? `${baseUrl ?? ''}${route.path}` : '__unmatched';
}
