/**
 * One replica of istiod: it learns late, waits a little for more, and pushes to the proxies connected to it.
 */
import type { Story } from '../story.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import type { MeshView } from './config.ts';
import type { Proxy } from './proxy.ts';

export interface Istiod {
  readonly name: string;
  isUp: boolean;
  /** What it has seen: `/debug/configz` shows this. Proxies hear of it only with the next push. */
  readonly seen: Readonly<MeshView>;
  connected: Set<Proxy>;
  /** Whoever connects now is given all of these. */
  isReady(parts: readonly (keyof MeshView)[]): boolean;
  /** Something has changed in the cluster; it will hear of it. */
  notice<Key extends keyof MeshView>(key: Key, value: MeshView[Key]): void;
  /** A proxy connects and is sent what was pushed last. */
  connect(proxy: Proxy): void;
  disconnect(proxy: Proxy): void;
  /** `/debug/syncz` and `/debug/configz`; undefined for any other path. */
  answer(path: string): string | undefined;
}

export function createIstiod(
  name: string,
  {
    timeline,
    prng,
    story,
    lagMs,
    debounceMs,
    view,
  }: {
    timeline: Timeline;
    prng: Prng;
    story: Story;
    /** From a change in the API server until this replica has seen it, by what changed. */
    lagMs: Record<keyof MeshView, number>;
    /** How long it waits for further changes before it pushes. */
    debounceMs: number;
    view: MeshView;
  },
): Istiod {
  const arrivals: Record<keyof MeshView, number> = { rule: 0, routes: 0, endpoints: 0 };
  let pushed = view;
  let isPushPlanned = false;

  function push(): void {
    isPushPlanned = false;
    pushed = { ...self.seen };
    if (!self.isUp) return;
    story.tell(name, () => `pushes to ${self.connected.size} proxies`);
    for (const proxy of self.connected) proxy.push(pushed);
  }

  const self: Istiod & { seen: MeshView } = {
    name,
    isUp: true,
    seen: view,
    connected: new Set(),
    isReady: (parts) =>
      parts.every((part) =>
        part === 'endpoints' ? pushed.endpoints.length > 0 : pushed[part] !== undefined,
      ),
    notice(key, value) {
      const at = Math.max(arrivals[key], timeline.now() + lagMs[key] * prng.between(0.5, 1.5));
      arrivals[key] = at;
      timeline.after(at - timeline.now(), () => {
        self.seen = { ...self.seen, [key]: value };
        if (isPushPlanned) return;
        isPushPlanned = true;
        timeline.after(debounceMs, push);
      });
    },
    connect(proxy) {
      self.connected.add(proxy);
      // As istiod does: a proxy that connects is given the last push, not what waits for the next.
      if (proxy.isLive) proxy.push(pushed);
      else proxy.begin(pushed);
    },
    disconnect: (proxy) => void self.connected.delete(proxy),
    answer(path) {
      if (path === '/debug/syncz') return JSON.stringify([...self.connected].map(syncStatus));
      if (path === '/debug/configz') {
        const objects = [self.seen.rule, self.seen.routes];
        return JSON.stringify(objects.filter((object) => object !== undefined));
      }
      return undefined;
    },
  };
  return self;
}

function syncStatus({ name, namespace, type }: Proxy): object {
  return {
    cluster_id: 'Kubernetes',
    proxy: `${name}.${namespace}`,
    proxy_type: type,
    istio_version: '1.28.0',
    resources: {},
  };
}
