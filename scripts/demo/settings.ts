/** What says which version serves: a value of the templates. */
export const routings = ['virtual-service', 'http-route'] as const;
export type Routing = (typeof routings)[number];

/** The settings of a demo. Durations in milliseconds. */
export interface DemoSettings {
  qps: number;
  connections: number;
  /** The load lasts at least this long. */
  loadMs: number;
  /** Warm-up before the release begins. */
  warmUpMs: number;
  /** The load goes on for this long after the release. */
  tailMs: number;
  /** How late the late proxy is in rough weather. */
  lagMs: number;
  /** Seed of the playground's delays. */
  seed: number;
  quick: boolean;
  /** By what the mesh routes. */
  routing: Routing;
}

/** The article's load. */
export const demoDefaults: DemoSettings = {
  qps: 500,
  connections: 50,
  loadMs: 20_000,
  warmUpMs: 2_000,
  tailMs: 3_000,
  lagMs: 12_000,
  seed: 1,
  quick: false,
  routing: 'virtual-service',
};

/** Shorter loads, the same lags. */
export const quickDefaults: DemoSettings = {
  ...demoDefaults,
  loadMs: 5_000,
  warmUpMs: 1_000,
  tailMs: 1_000,
  quick: true,
};

/** The request of the demo; a POST, because it must not be retried silently. */
export const order = { method: 'POST', path: '/orders', body: '{"drink":"espresso"}' };

/** Deadline of a release. */
export const releaseDeadlineMs = 150_000;
