/** One request, by what its proxy knows at this moment, to a pod as it really is. */
import type { HostCounters, Proxy } from '../mesh/proxy.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import type { PodRegistry, SimulatedPod } from '../world/pods.ts';
import type { Account } from './account.ts';
import type { Flight } from './flight.ts';

export interface Traffic {
  timeline: Timeline;
  prng: Prng;
  pods: PodRegistry;
  account: Account;
  /** Versions of which a pod has failed by itself: what they lose is not the switch's fault. */
  failing: ReadonlySet<string>;
}

/** @param workMs how long the pod takes to answer */
export function sendRequest(
  traffic: Traffic,
  proxy: Proxy,
  { isBeta, workMs }: { isBeta: boolean; workMs: number },
): void {
  const { timeline, prng, account } = traffic;
  const route = proxy.routes.find((candidate) => !candidate.isBeta || isBeta);
  account.sent += 1;
  if (route === undefined) {
    account.violate(`${proxy.name} has no route for a request: 404`);
    return;
  }
  const subset = pickByWeight(route.clusters, prng.next());
  if (route.delayMs === 0) {
    forward(traffic, proxy, subset, workMs);
    return;
  }
  // The route is chosen when the request comes; what delays it does so before it goes on.
  const { restarts } = proxy;
  timeline.after(route.delayMs, () => {
    if (proxy.restarts !== restarts || !proxy.isUp) account.excused += 1;
    else forward(traffic, proxy, subset, workMs);
  });
}

function forward(traffic: Traffic, proxy: Proxy, subset: string, workMs: number): void {
  const { prng, pods, account, failing } = traffic;
  const cluster = proxy.clusters.get(subset);
  const hosts = [...(cluster?.hosts ?? [])];
  const chosen = hosts[Math.floor(prng.next() * hosts.length)];
  if (!cluster?.isActive || chosen === undefined) {
    const isEmpty = cluster?.isActive === true;
    if (isEmpty && failing.has(subset)) account.excused += 1;
    else {
      const what = isEmpty ? 'has no endpoint' : cluster ? 'is still warming' : 'it does not know';
      account.violate(
        `${proxy.name} routes to ${subset === '' ? 'all versions' : subset}, which ${what}: 503`,
      );
    }
    return;
  }
  const [ip, counters] = chosen;
  counters.total += 1;
  const pod = pods.byAddress(ip);
  if (pod?.state === 'serving') {
    fly(traffic, proxy, { pod, counters, workMs });
    return;
  }
  counters.error += 1;
  if (pod?.state === 'failed') account.excused += 1;
  else
    account.violate(
      `${proxy.name} sent a request to ${pod ? `${pod.name}, which does not serve` : `${ip}, where no pod is`}`,
    );
}

function fly(
  { timeline, account }: Traffic,
  proxy: Proxy,
  { pod, counters, workMs }: { pod: SimulatedPod; counters: HostCounters; workMs: number },
): void {
  let isOver = false;
  const { restarts } = proxy;
  const land = () => {
    isOver = true;
    pod.flights.delete(flight);
    counters.active -= 1;
  };
  const flight: Flight = {
    from: proxy.name,
    cut(why) {
      if (isOver) return;
      land();
      counters.error += 1;
      // A proxy that is gone has taken its requests with it.
      if (pod.state === 'failed' || proxy.restarts !== restarts || !proxy.isUp) account.excused += 1;
      else account.violate(`${pod.name} ${why} under a request of ${proxy.name}`);
    },
  };
  pod.flights.add(flight);
  counters.active += 1;
  timeline.after(workMs, () => {
    if (isOver) return;
    land();
    counters.success += 1;
    account.answered += 1;
  });
}

function pickByWeight(clusters: { subset: string; weight: number }[], chance: number): string {
  let left = chance * clusters.reduce((total, { weight }) => total + weight, 0);
  for (const { subset, weight } of clusters) if ((left -= weight) < 0) return subset;
  return clusters.at(-1)?.subset ?? '';
}
