import { hostname } from 'node:os';
import type { EnvironmentReader } from '../shared/environment.ts';
import { type LogLevel, logLevels } from '../shared/log.ts';
import type { QuietRule } from '../shared/quiet.ts';

/** Settings of every service of this kit. The only place with defaults; durations are milliseconds. */
export interface GracefulConfig {
  port: number;
  adminPort: number;
  host: string | undefined;
  version: string;
  pod: string;
  /** The source revision, for `app_build_info`. */
  revision: string;
  logLevel: LogLevel;
  /** `drain` ends well; `naive` leaves at SIGTERM, as most services do. */
  shutdown: 'drain' | 'naive';
  drain: QuietRule;
  /** Negative controls only: a pod that does not say `Connection: close` loses requests. */
  announce: boolean;
  /** Negative controls only: a pod that closes without waiting until it is quiet loses requests. */
  waitUntilQuiet: boolean;
  /**
   * If set, a drain and the faults are for those who send it as
   * `x-pre-stop-token`; if not, for this machine alone.
   */
  preStopToken: string;
  /**
   * How long after a drain that was asked for SIGTERM may take to follow, before the process ends by itself.
   */
  drainGraceMs: number;
  /** How long requests may run on after the drain, before they are cut. */
  inFlightDeadlineMs: number;
  /** How long the drain may take after an uncaught error. */
  crashDrainMs: number;
  /** Time from listening to ready. */
  warmUpMs: number;
  keepAliveTimeoutMs: number;
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** Whether the admin port offers `/faults`. */
  faults: boolean;
}

const anHour = 3_600_000;

/** Tells `env` of every bad value: its `verify` throws them together with those of the service itself. */
export function readGracefulConfig(env: EnvironmentReader): GracefulConfig {
  const ms = (name: string, fallback: number): number => env.integer(name, fallback, { min: 0, max: anHour });
  // 0 asks the system for any free port.
  const port = (name: string, fallback: number): number =>
    env.integer(name, fallback, { min: 0, max: 65_535 });
  // Both travel as header values and label values.
  const name = (key: string, fallback: string): string =>
    env.text(key, fallback, /^[\w.-]{1,253}$/, 'letters, digits, ".", "_" and "-"');

  const config: GracefulConfig = {
    port: port('PORT', 8080),
    adminPort: port('ADMIN_PORT', 9090),
    host: env.text('HOST', '', /^[\w.:%-]+$/, 'an address') || undefined,
    version: name('VERSION', 'dev'),
    pod: name('POD_NAME', hostname()),
    revision: name('REVISION', 'unknown'),
    logLevel: env.oneOf('LOG_LEVEL', 'info', logLevels),
    shutdown: env.oneOf('SHUTDOWN', 'drain', ['drain', 'naive']),
    drain: {
      // The network learns of a pod's end later than the pod: kube-proxy may take 1 s, a busy mesh longer.
      minMs: ms('DRAIN_MIN_MS', 5_000),
      quietMs: ms('DRAIN_QUIET_MS', 2_000),
      deadlineMs: ms('DRAIN_DEADLINE_MS', 20_000),
    },
    announce: env.flag('DRAIN_ANNOUNCE', true),
    waitUntilQuiet: env.flag('DRAIN_WAIT', true),
    preStopToken: env.text('PRE_STOP_TOKEN', '', /^[\x21-\x7e]+$/, 'printable characters without spaces'),
    // The kubelet sends SIGTERM right after preStop: a drain without SIGTERM by then was a mistake.
    drainGraceMs: ms('DRAIN_GRACE_MS', 30_000),
    inFlightDeadlineMs: ms('IN_FLIGHT_DEADLINE_MS', 10_000),
    crashDrainMs: ms('CRASH_DRAIN_MS', 2_000),
    warmUpMs: ms('WARM_UP_MS', 0),
    // Longer than the idle time of callers (60 s at many load balancers): whoever closes an idle connection
    // must be the caller, or a request can cross the closing and be lost.
    keepAliveTimeoutMs: ms('KEEP_ALIVE_TIMEOUT_MS', 72_000),
    headersTimeoutMs: ms('HEADERS_TIMEOUT_MS', 10_000),
    requestTimeoutMs: ms('REQUEST_TIMEOUT_MS', 30_000),
    faults: env.flag('FAULTS', false),
  };

  if (config.port !== 0 && config.port === config.adminPort)
    env.complain(`PORT and ADMIN_PORT must differ, both are ${config.port}.`);
  if (config.drain.deadlineMs < config.drain.minMs)
    env.complain(
      `DRAIN_DEADLINE_MS must be at least DRAIN_MIN_MS (${config.drain.minMs}), got ${config.drain.deadlineMs}.`,
    );
  if (config.requestTimeoutMs !== 0 && config.headersTimeoutMs > config.requestTimeoutMs)
    env.complain(
      `HEADERS_TIMEOUT_MS must not exceed REQUEST_TIMEOUT_MS (${config.requestTimeoutMs}), got ${config.headersTimeoutMs}.`,
    );
  return config;
}
