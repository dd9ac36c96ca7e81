/** All of Istio: its replicas, the proxies, and who is connected to whom. */
import type { Story } from '../story.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import { createAdmin } from './admin-answers.ts';
import type { AdminAnswer } from './admin-answers.ts';
import type { MeshView } from './config.ts';
import { createIstiod } from './istiod.ts';
import type { Istiod } from './istiod.ts';
import { createProxy } from './proxy.ts';
import type { Part, Proxy } from './proxy.ts';

/** How late everything is. */
export interface MeshWeather {
  istiods: { lagMs: Record<keyof MeshView, number>; debounceMs: number }[];
  /** Drawn for each proxy that appears. */
  proxyLagMs: (prng: Prng) => Record<Part, number>;
  /** How long a proxy that has lost its istiod takes to find another, in milliseconds. */
  reconnectMs: number;
}

export interface Mesh {
  readonly istiods: readonly Istiod[];
  readonly proxies: ReadonlyMap<string, Proxy>;
  /** Something has changed that Istio follows. */
  notice<Key extends keyof MeshView>(key: Key, value: MeshView[Key]): void;
  add(pod: Pick<Proxy, 'name' | 'namespace' | 'type'>): Proxy;
  /** Its process starts, or starts again. */
  start(proxy: Proxy): void;
  /** Its process has ended. */
  stop(proxy: Proxy): void;
  remove(proxy: Proxy): void;
  /** A replica of istiod is away for a while; its proxies look for another. */
  interrupt(istiod: Istiod, ms: number): void;
  /** What the proxy's admin port answers. */
  ask(proxy: Proxy, path: string): AdminAnswer;
}

export function createMesh({
  timeline,
  prng,
  story,
  weather,
}: {
  timeline: Timeline;
  prng: Prng;
  story: Story;
  weather: MeshWeather;
}): Mesh {
  const nothing: MeshView = { rule: undefined, routes: undefined, endpoints: [] };
  const istiods = weather.istiods.map((part, index) =>
    createIstiod(`istiod-${index + 1}`, {
      timeline,
      story,
      prng: prng.fork(`istiod ${index}`),
      view: nothing,
      ...part,
    }),
  );
  const proxies = new Map<string, Proxy>();
  const admins = new Map<Proxy, (path: string) => AdminAnswer>();
  const keyOf = ({ namespace, name }: Pick<Proxy, 'namespace' | 'name'>) => `${namespace}/${name}`;

  function connect(proxy: Proxy): void {
    if (!proxy.isUp || istiods.some(({ connected }) => connected.has(proxy))) return;
    const up = istiods.filter(({ isUp }) => isUp);
    const chosen = up[Math.floor(prng.next() * up.length)];
    if (chosen === undefined) timeline.after(weather.reconnectMs, () => connect(proxy));
    else {
      story.tell(proxy.name, () => `connects to ${chosen.name}`);
      chosen.connect(proxy);
    }
  }
  const disconnect = (proxy: Proxy) => istiods.forEach((istiod) => istiod.disconnect(proxy));

  return {
    istiods,
    proxies,
    notice: (key, value) => istiods.forEach((istiod) => istiod.notice(key, value)),
    add(pod) {
      const own = prng.fork(`proxy ${pod.name}`);
      const proxy = createProxy(pod, { timeline, story, prng: own, lagMs: weather.proxyLagMs(own) });
      proxies.set(keyOf(proxy), proxy);
      admins.set(proxy, createAdmin(proxy));
      return proxy;
    },
    start(proxy) {
      disconnect(proxy);
      proxy.start();
      timeline.after(prng.between(1, 40), () => connect(proxy));
    },
    stop(proxy) {
      disconnect(proxy);
      proxy.stop();
    },
    remove(proxy) {
      disconnect(proxy);
      proxy.stop();
      proxy.isGone = true;
      proxies.delete(keyOf(proxy));
      admins.delete(proxy);
    },
    interrupt(istiod, ms) {
      story.tell(istiod.name, () => `is away for ${Math.round(ms)} ms`);
      istiod.isUp = false;
      const lost = [...istiod.connected];
      istiod.connected.clear();
      for (const proxy of lost)
        timeline.after(weather.reconnectMs * prng.between(0.2, 1.8), () => connect(proxy));
      timeline.after(ms, () => {
        istiod.isUp = true;
        story.tell(istiod.name, () => 'is back');
      });
    },
    ask: (proxy, path) => admins.get(proxy)?.(path) ?? { status: 404, body: '' },
  };
}
