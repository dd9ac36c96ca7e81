/**
 * The eight ways of releasing that the demo compares. Data only: set-up,
 * release, and the parameters that decide whether it loses requests.
 */
export const scenarioIds = [
  'plain-naive',
  'plain-correct',
  'istio-rolling-naive',
  'istio-rolling-classic',
  'istio-rolling-native',
  'istio-script',
  'istio-switch',
  'istio-switch-correct',
] as const;
export type ScenarioId = (typeof scenarioIds)[number];

export const weathers = ['calm', 'rough'] as const;
export type Weather = (typeof weathers)[number];

export interface Scenario {
  id: ScenarioId;
  title: string;
  /** What it shows. */
  shows: string;
  mesh: boolean;
  /** How the pod ends: at once at SIGTERM (naive), or after a drain (correct). */
  pod: 'naive' | 'correct';
  /** How its Envoy ends: a classic sidecar 5 s after SIGTERM, a native one after the application. */
  sidecar: 'classic' | 'native';
  release: 'rolling' | 'script' | 'switch';
  /**
   * How late a proxy may be before requests are lost, in milliseconds:
   * always loses from `losesFromMs` on, never up to `safeUpToMs`.
   */
  tolerance: { safeUpToMs: number; losesFromMs: number };
  /**
   * Losses on a real cluster (Kubernetes 1.36, Istio 1.31), where
   * measured: the least and the most of its runs.
   */
  onRealCluster: RealCount[];
  /** The decisive parameters in words, to compare the expectation with the measurement. */
  because: string;
}

export interface RealCount {
  lagMs: number;
  lost: { min: number; max: number };
  /** Per run. */
  sent: number;
}

const real = (lagMs: number, sent: number, min = 0, max = min): RealCount => ({
  lagMs,
  sent,
  lost: { min, max },
});

/** Whatever the lag. */
const always = { safeUpToMs: -1, losesFromMs: 0 };
const never = { safeUpToMs: Infinity, losesFromMs: Infinity };
/**
 * The correct pod waits for quiet at most 20 s (DRAIN_DEADLINE_MS);
 * pods end one after the other, so later ones last longer.
 */
const untilThePodsDeadline = { safeUpToMs: 18_000, losesFromMs: 30_000 };

export const scenarios: readonly Scenario[] = [
  {
    id: 'plain-naive',
    title: 'Plain Kubernetes, rolling update, pod exits on SIGTERM',
    shows: 'the starting point: connections refused and reset',
    mesh: false,
    pod: 'naive',
    sidecar: 'native',
    release: 'rolling',
    tolerance: always,
    onRealCluster: [real(0, 7_000, 64, 109)],
    because: 'the pod exits at SIGTERM, and the rules follow later',
  },
  {
    id: 'plain-correct',
    title: 'Plain Kubernetes, rolling update, correct pod',
    shows: 'readiness, preStop and a drain by protocol are enough without a mesh',
    mesh: false,
    pod: 'correct',
    sidecar: 'native',
    release: 'rolling',
    tolerance: untilThePodsDeadline,
    onRealCluster: [real(0, 12_000)],
    because: "the pod's drain waits for quiet up to its deadline of 20 s",
  },
  {
    id: 'istio-rolling-naive',
    title: 'Istio, rolling update, pod exits on SIGTERM',
    shows: 'a mesh does not heal a naive pod, retries included',
    mesh: true,
    pod: 'naive',
    sidecar: 'native',
    release: 'rolling',
    tolerance: always,
    onRealCluster: [real(0, 8_000, 53, 101)],
    because: 'the pod exits at SIGTERM, and the proxies follow later',
  },
  {
    id: 'istio-rolling-classic',
    title: 'Istio, rolling update, correct pod, classic sidecar',
    shows: 'Envoy leaves 5 s after SIGTERM whatever the application does',
    mesh: true,
    pod: 'correct',
    sidecar: 'classic',
    release: 'rolling',
    // 5 s of Envoy, and a rolling update needs some seconds before the first old pod goes.
    tolerance: { safeUpToMs: 4_000, losesFromMs: 10_000 },
    onRealCluster: [real(0, 13_000), real(12_000, 17_000, 917, 1_010)],
    because:
      'a classic Envoy leaves 5 s after SIGTERM, and the first old pod ends some seconds into the rollout',
  },
  {
    id: 'istio-rolling-native',
    title: 'Istio, rolling update, correct pod, native sidecar',
    shows: 'Envoy outlives the application, so the drain rule decides',
    mesh: true,
    pod: 'correct',
    sidecar: 'native',
    release: 'rolling',
    tolerance: untilThePodsDeadline,
    onRealCluster: [real(0, 13_000), real(12_000, 17_000)],
    because: "the pod's drain waits for quiet up to its deadline of 20 s",
  },
  {
    id: 'istio-script',
    title: "Istio, the article's order with its fixed waits, naive pod",
    shows: 'time is not proof',
    mesh: true,
    pod: 'naive',
    sidecar: 'native',
    release: 'script',
    // 5 s from the route to the end of v1, and 2 s before it from the subset to the route.
    tolerance: { safeUpToMs: 4_000, losesFromMs: 11_000 },
    onRealCluster: [real(0, 10_000), real(8_000, 14_000, 172, 278)],
    because: '2 s from the subset to the route and 5 s from there to the end of v1',
  },
  {
    id: 'istio-switch',
    title: 'Istio, the switch on proof, naive pod',
    shows: 'proof, at any lag, even for an application that does nothing right',
    mesh: true,
    pod: 'naive',
    sidecar: 'native',
    release: 'switch',
    tolerance: never,
    onRealCluster: [real(0, 11_000), real(8_000, 15_000)],
    because: 'each step waits for every proxy',
  },
  {
    id: 'istio-switch-correct',
    title: 'Istio, the switch on proof, correct pod',
    shows: 'what we recommend',
    mesh: true,
    pod: 'correct',
    sidecar: 'native',
    release: 'switch',
    tolerance: never,
    onRealCluster: [],
    because: 'each step waits for every proxy',
  },
];

export interface Run {
  scenario: Scenario;
  weather: Weather;
}

/** The story in six runs; `--all` runs the whole matrix. */
const defaultRuns: readonly [ScenarioId, Weather][] = [
  ['plain-naive', 'calm'],
  ['plain-correct', 'calm'],
  ['istio-rolling-naive', 'calm'],
  ['istio-rolling-classic', 'rough'],
  ['istio-script', 'rough'],
  ['istio-switch', 'rough'],
];

/** What a sweep compares: one approach each, the switch in its hardest case. */
export const sweepIds: readonly ScenarioId[] = [
  'istio-rolling-naive',
  'istio-rolling-classic',
  'istio-rolling-native',
  'istio-script',
  'istio-switch',
];

export function findScenario(id: ScenarioId): Scenario {
  const found = scenarios.find((scenario) => scenario.id === id);
  if (!found) throw new Error(`no scenario ${id}`);
  return found;
}

/**
 * Selects the runs. Scenarios without a weather run in the story's weather, or in calm weather if they are
 * not in the story. A weather without scenarios runs the story's scenarios in it.
 */
export function chooseRuns(choice: { all: boolean; scenarios: ScenarioId[]; weathers: Weather[] }): Run[] {
  const ids = choice.scenarios.length > 0 ? choice.scenarios : defaultRuns.map(([id]) => id);
  if (choice.all) {
    const all = choice.scenarios.length > 0 ? choice.scenarios : scenarioIds;
    const both = choice.weathers.length > 0 ? choice.weathers : weathers;
    return all.flatMap((id) => both.map((weather) => ({ scenario: findScenario(id), weather })));
  }
  return ids.flatMap((id) => {
    const usual = defaultRuns.find(([known]) => known === id)?.[1] ?? 'calm';
    const chosen = choice.weathers.length > 0 ? choice.weathers : [usual];
    return chosen.map((weather) => ({ scenario: findScenario(id), weather }));
  });
}
