import { request } from 'node:http';
import { startLoadProcess, type LoadProcess, type LoadProcessOptions } from '../load/index.ts';
import type { Cluster } from '../shared/cluster/cluster.ts';
import { messageOf } from '../shared/errors.ts';
import { DeadlineError, waitFor } from '../shared/wait.ts';
import { objectsToStartFrom } from './objects.ts';
import { howToReachGateway } from './on-cluster/addresses.ts';
import { applyAll } from './releases/release.ts';
import type { ReleaseCluster, Entries } from './playground.ts';
import { waitUntilRolledOut } from './rollout.ts';
import type { Scenario } from './scenarios.ts';
import { order } from './settings.ts';
import { UnfitEnvironmentError, verifyImages, verifySidecars } from './verify-pods.ts';

/** The callers and their address. */
export interface Entry {
  url: string;
  startLoad: (options: LoadProcessOptions) => Promise<LoadProcess>;
}

/** Which callers may be used: outside only, or inside the cluster as a fallback. */
const coffeeWithinMs = 60_000;
const coffeeOrInsideMs = 15_000;

/**
 * Deploys v1 and waits for its first answer. Addresses are probed before it is deployed.
 * @throws UnfitEnvironmentError when the environment lacks something that every release needs
 */
export async function setUp(
  cluster: Cluster,
  scenario: Scenario,
  environment: ReleaseCluster,
  signal: AbortSignal,
): Promise<Entry> {
  if (scenario.mesh && !environment.isPrepared) {
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: cluster.namespace, labels: { 'istio-injection': 'enabled' } },
      },
      { force: true },
    );
  }
  const objects = await objectsToStartFrom(scenario, environment.vars);
  // Create the Service first: it has its node port before it has pods.
  await applyAll(
    cluster,
    objects.filter(({ kind }) => kind === 'Service'),
  );
  const entries = await entriesOf(environment, scenario);
  await applyAll(
    cluster,
    objects.filter(({ kind }) => kind !== 'Service'),
  );
  for (const { kind, metadata } of objects) {
    if (kind !== 'Deployment') continue;
    await waitUntilRolledOut(cluster, metadata.name, signal, () => verifyImages(cluster));
  }
  if (scenario.mesh) await verifySidecars(cluster, scenario);
  return (await outside(entries, environment, scenario, signal)) ?? inside(environment, scenario, signal);
}

async function entriesOf(environment: ReleaseCluster, { mesh }: Scenario): Promise<Entries> {
  const { findEntries, gatewayUrl, serviceUrl } = environment;
  const given = [gatewayUrl ?? serviceUrl];
  const entries = findEntries ? await findEntries(mesh) : { urls: given, isNamed: true, closed: [] };
  if (entries.urls.length === 0) {
    const closed = entries.closed.map(({ url, seen }) => `${url}: ${seen}`);
    environment.inside?.onUnreachable(
      closed.join('; ') || (mesh ? 'the gateway has no address' : 'the Service has no node port'),
    );
  }
  return entries;
}

/** Undefined when no address serves and the load can run inside instead. */
async function outside(
  { urls, isNamed }: Entries,
  environment: ReleaseCluster,
  { mesh }: Scenario,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  if (urls.length === 0) return undefined;
  const orders = urls.map((entry) => new URL(order.path, entry).href);
  const isLast = isNamed || !environment.inside;
  try {
    const deadlineMs = isLast && !environment.findEntries ? coffeeWithinMs : coffeeOrInsideMs;
    const url = await firstCoffee(orders, environment.host, { deadlineMs, signal });
    return { url, startLoad: startLoadProcess };
  } catch (error) {
    if (!(error instanceof DeadlineError && environment.findEntries)) throw error;
    if (isLast) {
      const wayOut = mesh
        ? howToReachGateway
        : 'Name another one with --address URL, or none: the load then runs inside the cluster.';
      throw new UnfitEnvironmentError(`${error.message}. ${wayOut}`, { cause: error });
    }
    environment.inside?.onUnreachable(error.message);
    return undefined;
  }
}

/** Callers inside the cluster: retries one order until it is served. */
async function inside(environment: ReleaseCluster, { mesh }: Scenario, signal: AbortSignal): Promise<Entry> {
  const { inside: callers, host } = environment;
  if (!callers) throw new UnfitEnvironmentError('Nobody can reach the service, from outside or from inside.');
  const url = new URL(order.path, await callers.entry(mesh)).href;
  let served = false;
  const over = new AbortController();
  let seen = 'nothing yet';
  const load = await callers.startLoad({
    ...{ url, qps: 5, connections: 1, method: order.method, body: order.body, longestMs: coffeeWithinMs },
    ...(host === undefined ? {} : { headers: { host } }),
    onProgress({ ok, byReason }) {
      served = ok > 0;
      seen = Object.keys(byReason).join(', ') || seen;
    },
  });
  try {
    const ended = load.account.then(() => {
      throw new Error('The load inside the cluster ended before the first coffee.');
    });
    const coffee = waitFor(() => served, {
      deadlineMs: coffeeWithinMs,
      what: `the first coffee from ${url}, asked inside the cluster`,
      lastSeen: () => seen,
      signal: AbortSignal.any([signal, over.signal]),
    });
    await Promise.race([coffee, ended]);
  } catch (error) {
    signal.throwIfAborted();
    throw new UnfitEnvironmentError(
      `${messageOf(error)} Name an address that serves here with --address URL, or the load's image with --tools-image REPO:TAG.`,
      { cause: error },
    );
  } finally {
    over.abort();
    await load.kill();
  }
  return { url, startLoad: (options) => callers.startLoad(options) };
}

/** The first address that serves. */
async function firstCoffee(
  urls: string[],
  host: string | undefined,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<string> {
  const seen = new Map<string, string>();
  return waitFor(
    async () => {
      for (const url of urls) {
        try {
          const status = await placeOrder(url, host);
          seen.set(url, `answered ${status}`);
          // A redirect comes from another service.
          if (status >= 200 && status < 300) return url;
        } catch (error) {
          seen.set(url, messageOf(error));
        }
      }
      return undefined;
    },
    {
      deadlineMs,
      what: `the first coffee from ${urls.join(' or ')}`,
      lastSeen: () => [...seen.values()].join('; '),
      signal,
    },
  );
}

function placeOrder(url: string, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, {
      method: order.method,
      agent: false,
      headers: { 'content-type': 'application/json', ...(host === undefined ? {} : { host }) },
      timeout: 5_000,
    })
      .once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
      .once('timeout', () => reject(new Error('no answer within 5 s')))
      .once('error', reject)
      .end(order.body);
  });
}
