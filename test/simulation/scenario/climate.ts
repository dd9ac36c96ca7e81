/** The world a seed draws: how late everything is, who calls, how pods behave. */
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import type { MeshView } from '../mesh/config.ts';
import type { MeshWeather } from '../mesh/mesh.ts';
import type { Part } from '../mesh/proxy.ts';
import type { NetworkWeather } from '../operator/network.ts';
import type { Pace } from '../operator/run.ts';
import type { Prng } from '../time/prng.ts';
import type { CallerHabits } from '../traffic/caller.ts';
import { FIRST_VERSION } from '../world/beginning.ts';
import type { Beginning } from '../world/beginning.ts';
import type { PodPlan } from '../world/kubelet.ts';
import { APP } from '../world/manifests.ts';
import type { RouteStyle } from '../world/manifests.ts';
import type { Climate } from '../world/world.ts';

export function drawPace(prng: Prng): Pace {
  return {
    leaseSeconds: prng.int(2, 6),
    quietMs: Math.round(prng.skewed(200, 600)),
    stepTimeoutMs: Math.round(prng.skewed(1500, 4000)),
  };
}

export function drawNetwork(prng: Prng): NetworkWeather {
  const latencyMs = [2, prng.skewed(5, 80)] as const;
  if (prng.chance(0.5)) return { latencyMs, failures: 0, losses: 0, hangs: 0 };
  return {
    latencyMs,
    failures: prng.skewed(0.001, 0.1),
    losses: prng.skewed(0.001, 0.1),
    hangs: prng.skewed(0.0005, 0.01),
  };
}

/** In the worlds that draw so one plain Deployment is adopted; the seeds found before that draw otherwise. */
const PLAIN_WORLDS = { from: 0.05, to: 0.17 };

/** From a stream of its own: it moves nothing that is drawn elsewhere. */
export function drawBeginning(prng: Prng): Beginning {
  const drawn = prng.next();
  if (drawn < PLAIN_WORLDS.from || drawn >= PLAIN_WORLDS.to) return FIRST_VERSION;
  const names = [undefined, APP, `${APP}-by-another-name`];
  return { first: PLAIN, routes: prng.pick(names), rule: prng.pick(names) };
}

export function drawClimate(prng: Prng, beginning: Beginning): Climate {
  return {
    beginning,
    mesh: drawMesh(prng.fork('mesh weather')),
    replicas: prng.pick([1, 1, 2]),
    hasAutoscaler: prng.chance(0.3),
    hasSidecars: prng.chance(0.1),
    routeStyle: drawRouteStyle(prng),
    callers: Array.from({ length: prng.pick([1, 2, 2, 3]) }, () => drawCaller(prng)),
    planOf: drawPlans(prng, beginning),
  };
}

function drawMesh(prng: Prng): MeshWeather {
  const lag = (most: number) => (): Record<keyof MeshView, number> => ({
    rule: prng.skewed(1, most),
    routes: prng.skewed(1, most),
    endpoints: prng.skewed(1, most),
  });
  const istiodLag = lag(prng.skewed(5, 500));
  // Some meshes are quick; in some each proxy has its own idea of quick; in some one is very late.
  const most = prng.skewed(10, 1500);
  return {
    istiods: Array.from({ length: prng.chance(0.4) ? 2 : 1 }, () => ({
      lagMs: istiodLag(),
      debounceMs: prng.skewed(5, 150),
    })),
    proxyLagMs(own): Record<Part, number> {
      // Now and then one is far behind all others.
      const lag = own.chance(0.15) ? () => own.between(500, 2500) : () => own.skewed(1, most);
      return { clusters: lag(), endpoints: lag(), routes: lag() };
    },
    reconnectMs: prng.skewed(10, 500),
  };
}

function drawRouteStyle(prng: Prng): RouteStyle {
  return {
    hasMatch: prng.chance(0.4),
    hasWeight: prng.chance(0.3),
    delayMs: prng.chance(0.15) ? prng.int(20, 600) : 0,
  };
}

export function drawCaller(prng: Prng): CallerHabits {
  return {
    // Busy, or heard of less often than the switch waits for quiet.
    everyMs: prng.chance(0.5) ? prng.skewed(80, 500) : prng.skewed(500, 3000),
    workMs: [1, prng.skewed(5, 800)],
    beta: prng.chance(0.5) ? 0.3 : 0,
  };
}

/**
 * Each version has a character; each pod of it differs a little. Those of the first are sound: it serves
 * already.
 */
function drawPlans(prng: Prng, { first }: Beginning): Climate['planOf'] {
  const plans = new Map<string, (own: Prng) => PodPlan>();
  const sound = (own: Prng): PodPlan => ({
    startMs: own.skewed(1, 200),
    warmUpMs: own.skewed(1, 300),
    crashes: 0,
  });
  plans.set(first, sound);
  return (version, own) => {
    const known = plans.get(version) ?? drawCharacter(prng.fork(`plan ${version}`), sound);
    plans.set(version, known);
    return known(own);
  };
}

function drawCharacter(prng: Prng, sound: (own: Prng) => PodPlan): (own: Prng) => PodPlan {
  const chance = prng.next();
  if (chance < 0.75) return sound;
  if (chance < 0.82) return (own) => ({ ...sound(own), warmUpMs: own.skewed(300, 3000) });
  if (chance < 0.88) return (own) => ({ ...sound(own), crashes: own.int(0, 3) });
  if (chance < 0.94) return (own) => ({ ...sound(own), warmUpMs: own.chance(0.7) ? Infinity : 100 });
  return (own) => ({ ...sound(own), failsAfterMs: own.skewed(50, 5000) });
}
