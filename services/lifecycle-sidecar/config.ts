import { hostname } from 'node:os';
import { type Environment, readEnvironment } from '../shared/environment.ts';
import { type LogLevel, logLevels } from '../shared/log.ts';
import type { QuietRule } from '../shared/quiet.ts';

export const watchNames = ['lifecycle', 'metrics', 'sockets'] as const;
export type WatchName = (typeof watchNames)[number];

/** Everything the sidecar can be told. The only place with defaults; durations are milliseconds. */
export interface Config {
  port: number;
  host: string | undefined;
  pod: string;
  logLevel: LogLevel;
  /** How to see what the app does; `auto` takes the first of `watchNames` that works. */
  watch: WatchName | 'auto';
  /** Where the app's traffic arrives. */
  appPort: number;
  /** Base URL of the app's `/lifecycle`, for the watch of that name. */
  adminUrl: string;
  /** Prometheus text with the app's in-flight gauge, for the watch `metrics`. */
  metricsUrl: string;
  inFlightMetric: string;
  /** A counter of the app's requests: if given, a request between two looks is seen too. Empty: none. */
  requestsMetric: string;
  /** The gauge counts as idle up to this value: 1 if it counts the scrape itself. */
  idleLevel: number;
  /** Asked by `GET /health/ready`; http(s):// wants a 2xx, tcp:// a connection. */
  appReadyUrl: string;
  /** The same for the mesh proxy; empty: there is none. */
  proxyReadyUrl: string;
  /**
   * For apps that cannot tell themselves when they are drained; its deadline bounds the hook for every app.
   */
  rule: QuietRule;
  pollMs: number;
  /** How long one look at the app may take. */
  lookTimeoutMs: number;
  /** How long to wait for the app's end after the hook, or after SIGTERM. */
  graceMs: number;
  /**
   * If set, `/pre-stop` answers only with the header `x-pre-stop-token`
   * of this value, and the app is asked to drain with it.
   */
  preStopToken: string;
  /** The file that becomes the container's termination message. */
  terminationLog: string;
  /** Name of the Service whose EndpointSlices are watched during the end; empty: not watched. */
  endpointService: string;
  namespace: string;
  podIp: string;
  kubernetesUrl: string;
}

const anHour = 3_600_000;

/** Throws an `EnvironmentError` that names every bad value. */
export function readConfig(environment: Environment): Config {
  const env = readEnvironment(environment);
  const ms = (name: string, fallback: number, min = 0): number =>
    env.integer(name, fallback, { min, max: anHour });
  const httpUrl = (name: string, fallback: string): string =>
    env.text(name, fallback, /^https?:\/\/[^\s/]+/, 'a URL that begins with http:// or https://');
  const askedUrl = (name: string, fallback: string): string =>
    env.text(
      name,
      fallback,
      /^(https?|tcp):\/\/[^\s/]+/,
      'a URL that begins with http://, https:// or tcp://',
    );
  const metric = (name: string, fallback: string): string =>
    env.text(name, fallback, /^[a-zA-Z_:][\w:]*$/, 'the name of a metric');
  const name = (key: string, fallback: string): string =>
    env.text(key, fallback, /^[\w.-]{1,253}$/, 'letters, digits, ".", "_" and "-"');

  const appPort = env.integer('APP_PORT', 8080, { min: 1, max: 65_535 });
  const adminUrl = httpUrl('APP_ADMIN_URL', 'http://127.0.0.1:9090').replace(/\/$/, '');
  const config: Config = {
    // 0 asks the system for any free port.
    port: env.integer('PORT', 9091, { min: 0, max: 65_535 }),
    host: env.text('HOST', '', /^[\w.:%-]+$/, 'an address') || undefined,
    pod: name('POD_NAME', hostname()),
    logLevel: env.oneOf('LOG_LEVEL', 'info', logLevels),
    watch: env.oneOf('WATCH', 'auto', ['auto', ...watchNames]),
    appPort,
    adminUrl,
    metricsUrl: httpUrl('APP_METRICS_URL', `${adminUrl}/metrics`),
    inFlightMetric: metric('IN_FLIGHT_METRIC', 'http_requests_in_flight'),
    requestsMetric: metric('REQUESTS_METRIC', ''),
    idleLevel: env.integer('IDLE_LEVEL', 0, { min: 0, max: 1_000_000 }),
    appReadyUrl: askedUrl('APP_READY_URL', `http://127.0.0.1:${appPort}/health/ready`),
    proxyReadyUrl: askedUrl('PROXY_READY_URL', ''),
    rule: {
      minMs: ms('PRE_STOP_MIN_MS', 5_000),
      quietMs: ms('PRE_STOP_QUIET_MS', 2_000),
      // Longer than the app's own deadline: the app knows better when it has one.
      deadlineMs: ms('PRE_STOP_DEADLINE_MS', 25_000),
    },
    pollMs: ms('POLL_MS', 250, 10),
    lookTimeoutMs: ms('LOOK_TIMEOUT_MS', 1_000, 10),
    graceMs: ms('GRACE_MS', 45_000),
    preStopToken: env.text('PRE_STOP_TOKEN', '', /^[\x21-\x7e]+$/, 'printable characters without spaces'),
    terminationLog: env.text('TERMINATION_LOG', '/dev/termination-log', /^\//, 'an absolute path'),
    endpointService: name('ENDPOINT_SERVICE', ''),
    namespace: name('POD_NAMESPACE', 'default'),
    podIp: env.text('POD_IP', '', /^[\da-fA-F.:]+$/, 'an IP address'),
    kubernetesUrl: httpUrl('KUBERNETES_URL', 'https://kubernetes.default.svc'),
  };

  if (config.rule.deadlineMs < config.rule.minMs)
    env.complain(
      `PRE_STOP_DEADLINE_MS must be at least PRE_STOP_MIN_MS (${config.rule.minMs}), got ${config.rule.deadlineMs}.`,
    );
  if (config.endpointService !== '' && config.podIp === '')
    env.complain('ENDPOINT_SERVICE needs POD_IP, to find this pod among the endpoints.');
  env.verify();
  return config;
}
