/** One Envoy: it knows what has reached it so far, and sends requests by that and nothing else. */
import type { Prng } from '../time/prng.ts';
import type { Story } from '../story.ts';
import type { Timeline } from '../time/timeline.ts';
import { clustersOf, endpointsOf, routesOf } from './config.ts';
import type { MeshView, ProxyRoute } from './config.ts';

/** The three parts of its configuration, each with a way of its own to the proxy. */
export type Part = 'clusters' | 'endpoints' | 'routes';

/** Envoy counts per upstream host. A host that is taken away and comes back begins at 0 again. */
export interface HostCounters {
  active: number;
  total: number;
  success: number;
  error: number;
}

export interface ProxyCluster {
  labels: Record<string, string>;
  /** False: it waits for its first endpoints, and answers 503 until then. */
  isActive: boolean;
  hosts: Map<string, HostCounters>;
}

export interface Proxy {
  readonly name: string;
  readonly namespace: string;
  readonly type: 'router' | 'sidecar';
  clusters: Map<string, ProxyCluster>;
  routes: ProxyRoute[];
  /** The VirtualService its routes were made from. */
  routesFrom: string;
  /** Its process runs. */
  isUp: boolean;
  /** It has its first configuration, and serves. */
  isLive: boolean;
  /** It has ended and will not come back. */
  isGone: boolean;
  /** Changes with everything that its dumps show. */
  revision: number;
  restarts: number;
  /** How long a push of a part takes to it, in milliseconds. */
  lagMs: Record<Part, number>;
  /** Its process starts, empty: everything is learned again. */
  start(): void;
  stop(): void;
  /** Its first configuration: all of it at once, before it serves. */
  begin(view: MeshView): void;
  /** A later one: each part arrives by itself, and in order. */
  push(view: MeshView): void;
  /** Nothing of these parts arrives before so many milliseconds have passed. */
  stall(parts: readonly Part[], ms: number): void;
  /** Its process stands still: it sends nothing, answers nothing and learns nothing. */
  freeze(ms: number): void;
  isFrozen(): boolean;
}

const PARTS = ['clusters', 'endpoints', 'routes'] as const;

export function createProxy(
  { name, namespace, type }: Pick<Proxy, 'name' | 'namespace' | 'type'>,
  {
    timeline,
    prng,
    story,
    lagMs,
  }: { timeline: Timeline; prng: Prng; story: Story; lagMs: Record<Part, number> },
): Proxy {
  /** Raised by each start, and each begin: what was on its way to the process before is lost. */
  let life = 0;
  let frozenUntil = 0;
  /** What has arrived before the first configuration comes after it. */
  let waiting: (() => void)[] = [];
  let latest: MeshView | undefined;
  let pushed: MeshView | undefined;
  let arrivals: Record<Part, number> = { clusters: 0, endpoints: 0, routes: 0 };
  const stalledUntil: Record<Part, number> = { clusters: 0, endpoints: 0, routes: 0 };

  const hold = (part: Part) => Math.max(frozenUntil, stalledUntil[part]);

  function deliver(part: Part, arrive: () => void): void {
    const of = life;
    const lag = self.lagMs[part] * prng.between(0.6, 1.4);
    const at = Math.max(arrivals[part], timeline.now() + lag);
    arrivals[part] = at;
    const land = () => {
      if (of !== life) return;
      // In order of arrival still: what is held back together is let go together.
      if (hold(part) > timeline.now()) timeline.after(hold(part) - timeline.now(), land);
      else if (!self.isLive) waiting.push(land);
      else {
        self.revision += 1;
        arrive();
        story.tell(name, () => `has new ${part}: ${shown()}`);
      }
    };
    timeline.after(at - timeline.now(), land);
  }

  /** Its routes, and the clusters it knows with their endpoints. */
  function shown(): string {
    const routes = self.routes.map(({ clusters }) =>
      clusters.map(({ subset, weight }) => `${subset} ${weight}`).join('/'),
    );
    const clusters = [...self.clusters].map(
      ([subset, { isActive, hosts }]) =>
        `${subset || 'all'} ${isActive ? `(${[...hosts.keys()].join(' ')})` : 'warming'}`,
    );
    return `routes ${routes.join(', ')}; clusters ${clusters.join(', ')}`;
  }

  function setClusters(view: MeshView): void {
    const wanted = clustersOf(view);
    for (const subset of self.clusters.keys()) if (!wanted.has(subset)) self.clusters.delete(subset);
    let added = 0;
    for (const [subset, labels] of wanted) {
      const known = self.clusters.get(subset);
      if (known) known.labels = labels;
      else {
        added += 1;
        self.clusters.set(subset, { labels, isActive: false, hosts: new Map() });
      }
    }
    // A new cluster subscribes to its endpoints, and is warming until they come.
    if (added > 0 && latest) {
      const asked = latest;
      deliver('endpoints', () => setEndpoints(asked));
    }
  }

  function setEndpoints(view: MeshView): void {
    const wanted = clustersOf(view);
    for (const [subset, cluster] of self.clusters) {
      const labels = wanted.get(subset);
      // Nobody answers for a cluster that its istiod does not know any more.
      if (labels === undefined) continue;
      const ips = endpointsOf(view, labels);
      const before = cluster.hosts;
      cluster.hosts = new Map(ips.map((ip) => [ip, before.get(ip) ?? newCounters()]));
      cluster.isActive = true;
    }
  }

  function setRoutes(view: MeshView): void {
    self.routes = routesOf(view);
    self.routesFrom = view.routes?.metadata.name ?? '';
  }

  const self: Proxy = {
    name,
    namespace,
    type,
    clusters: new Map(),
    routes: [],
    routesFrom: '',
    isUp: false,
    isLive: false,
    isGone: false,
    revision: 0,
    restarts: 0,
    lagMs,
    start() {
      life += 1;
      self.isUp = true;
      self.isLive = false;
      self.clusters = new Map();
      self.routes = [];
      latest = undefined;
      pushed = undefined;
      waiting = [];
      arrivals = { clusters: 0, endpoints: 0, routes: 0 };
      self.revision += 1;
    },
    stop() {
      life += 1;
      self.isUp = false;
      self.isLive = false;
    },
    begin(view) {
      // Its first connection may have been lost meanwhile. A stream's answers end with it: none comes
      // after the next one's. https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol (each
      // istiod knows only its own: facts on Istio, 1.2)
      life += 1;
      waiting = [];
      latest = view;
      pushed = view;
      // Envoy asks for one part after the other, and begins to listen when it has the last.
      const of = life;
      const all = () => {
        if (of !== life) return;
        setClusters(view);
        setEndpoints(view);
        setRoutes(view);
        self.isLive = true;
        self.revision += 1;
        story.tell(name, () => `begins to serve: ${shown()}`);
        for (const land of waiting.splice(0)) land();
      };
      const sum = PARTS.reduce((ms, part) => ms + self.lagMs[part] * prng.between(0.6, 1.4), 0);
      for (const part of PARTS) arrivals[part] = timeline.now() + sum;
      const land = () => {
        const until = Math.max(...PARTS.map(hold));
        if (until > timeline.now()) timeline.after(until - timeline.now(), land);
        else all();
      };
      timeline.after(sum, land);
    },
    push(view) {
      const before = pushed;
      latest = view;
      pushed = view;
      const isNew = (...keys: (keyof MeshView)[]) => keys.some((key) => before?.[key] !== view[key]);
      if (isNew('rule')) deliver('clusters', () => setClusters(view));
      if (isNew('rule', 'endpoints')) deliver('endpoints', () => setEndpoints(view));
      if (isNew('routes')) deliver('routes', () => setRoutes(view));
    },
    stall(parts, ms) {
      for (const part of parts) stalledUntil[part] = Math.max(stalledUntil[part], timeline.now() + ms);
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + ms);
    },
    isFrozen: () => frozenUntil > timeline.now(),
  };
  return self;
}

function newCounters(): HostCounters {
  return { active: 0, total: 0, success: 0, error: 0 };
}
