/**
 * What befalls the mesh meanwhile: proxies that are late, freeze,
 * restart, come and go; an istiod that is away.
 */
import { drawMoment } from '../operator/trigger.ts';
import type { Moment } from '../operator/trigger.ts';
import { drawCaller } from '../scenario/climate.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';

type Disturbance = (world: World, prng: Prng) => void;

/** So long a disturbance lasts, least and most, in milliseconds. */
const LASTS = [30, 1500] as const;

const aProxy = (world: World, prng: Prng) => {
  const proxies = world.callerProxies();
  return proxies.length === 0 ? undefined : prng.pick(proxies);
};

const kinds: Disturbance[] = [
  function stall(world, prng) {
    const proxy = aProxy(world, prng);
    const parts = prng.pick([
      ['routes'],
      ['clusters'],
      ['endpoints'],
      ['clusters', 'endpoints', 'routes'],
    ] as const);
    const ms = prng.skewed(...LASTS);
    if (proxy === undefined) return;
    world.story.tell(proxy.name, () => `hears nothing of ${parts.join(', ')} for ${Math.round(ms)} ms`);
    proxy.stall(parts, ms);
  },
  function freeze(world, prng) {
    const proxy = aProxy(world, prng);
    const ms = prng.skewed(...LASTS);
    if (proxy === undefined) return;
    world.story.tell(proxy.name, () => `stands still for ${Math.round(ms)} ms`);
    proxy.freeze(ms);
  },
  function restart(world, prng) {
    const proxy = aProxy(world, prng);
    if (proxy) world.restartProxy(proxy);
  },
  (world, prng) => world.addCaller(drawCaller(prng)),
  function leave(world, prng) {
    const proxy = aProxy(world, prng);
    // Without anybody who calls nothing can be proven.
    const isLast = world.callerProxies().length === 1;
    if (proxy && proxy.type === 'sidecar' && !isLast) world.endCaller(proxy);
  },
  function interrupt(world, prng) {
    world.mesh.interrupt(prng.pick(world.mesh.istiods), prng.skewed(...LASTS));
  },
];

/** The longest that any of them lasts, in milliseconds. */
export const LONGEST_DISTURBANCE_MS = LASTS[1];

/** Plans some of them within `spanMs` from now. */
export function planDisturbances(world: World, spanMs: number, prng: Prng): void {
  const count = prng.int(0, 3);
  for (let index = 0; index < count; index += 1) {
    const disturb = prng.pick(kinds);
    world.timeline.after(prng.between(0, spanMs), () => disturb(world, prng));
  }
}

/** Proxies that begin, or begin anew, at a moment in a run of the switch. */
export function planLatecomers(
  world: World,
  prng: Prng,
  plan: (moment: Moment, happen: () => void) => void,
): void {
  for (let count = prng.int(1, 2); count > 0; count -= 1) {
    const proxies = world.callerProxies();
    const happen = prng.chance(0.6)
      ? () => world.addCaller(drawCaller(prng))
      : () => world.restartProxy(prng.pick(proxies));
    plan(drawMoment(prng), happen);
  }
}
