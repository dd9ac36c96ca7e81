/** Everything about a demo that can be set. Durations in milliseconds. */
export interface DemoSettings {
  qps: number;
  connections: number;
  /** The load lasts at least this long. */
  loadMs: number;
  /** ... and this long before the release begins, so that all is warm. */
  warmUpMs: number;
  /** ... and this long beyond the end of the release. */
  tailMs: number;
  /** How late the late proxy is in rough weather. */
  lagMs: number;
  /** Makes the playground's delays repeatable. */
  seed: number;
  quick: boolean;
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
};

/** Shorter loads, the same lags. */
export const quickDefaults: DemoSettings = {
  ...demoDefaults,
  loadMs: 5_000,
  warmUpMs: 1_000,
  tailMs: 1_000,
  quick: true,
};

/** The request of the demo; a POST, because nobody may repeat it silently. */
export const order = { method: 'POST', path: '/orders', body: '{"drink":"espresso"}' };

/** A release that takes longer than this has failed. */
export const releaseDeadlineMs = 150_000;
