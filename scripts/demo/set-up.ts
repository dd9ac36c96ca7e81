import { request } from 'node:http';
import type { Cluster } from '../shared/cluster/cluster.ts';
import { messageOf } from '../shared/errors.ts';
import { DeadlineError, waitFor } from '../shared/wait.ts';
import { objectsToStartFrom } from './objects.ts';
import { howToReachGateway } from './on-cluster/addresses.ts';
import { applyAll } from './releases/release.ts';
import type { DemoPlayground } from './playground.ts';
import { waitUntilRolledOut } from './rollout.ts';
import type { Scenario } from './scenarios.ts';
import { order } from './settings.ts';
import { PlaceError, verifyImages, verifySidecars } from './verify-pods.ts';

/**
 * Brings v1 up and waits until it serves coffee. Gives the address where callers ask for it.
 * @throws PlaceError when the place cannot do it for any release
 */
export async function setUp(
  cluster: Cluster,
  scenario: Scenario,
  place: DemoPlayground,
  signal: AbortSignal,
): Promise<string> {
  if (scenario.mesh && !place.isPrepared) {
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: cluster.namespace, labels: { 'istio-injection': 'enabled' } },
      },
      { force: true },
    );
  }
  const objects = await objectsToStartFrom(scenario, place.vars);
  await applyAll(cluster, objects);
  for (const { kind, metadata } of objects) {
    if (kind !== 'Deployment') continue;
    await waitUntilRolledOut(cluster, metadata.name, signal, () => verifyImages(cluster));
  }
  if (scenario.mesh) await verifySidecars(cluster, scenario);
  const entries = await entriesOf(place, scenario);
  try {
    return await firstCoffee(entries, place.host, signal);
  } catch (error) {
    if (!(error instanceof DeadlineError && place.findEntries && scenario.mesh)) throw error;
    throw new PlaceError(`${error.message}. ${howToReachGateway}`, { cause: error });
  }
}

async function entriesOf(place: DemoPlayground, { mesh }: Scenario): Promise<string[]> {
  const { findEntries, gatewayUrl, serviceUrl } = place;
  const entries = findEntries ? await findEntries(mesh) : [gatewayUrl ?? serviceUrl];
  if (entries.length > 0) return entries.map((entry) => new URL(order.path, entry).href);
  throw new PlaceError(
    mesh
      ? `The ingress gateway has no address any more. ${howToReachGateway}`
      : 'The Service has no node port that could be reached from here. Run what needs none: --scenario istio-switch.',
  );
}

/** The first address that serves. */
async function firstCoffee(urls: string[], host: string | undefined, signal: AbortSignal): Promise<string> {
  const seen = new Map<string, string>();
  return waitFor(
    async () => {
      for (const url of urls) {
        try {
          const status = await placeOrder(url, host);
          seen.set(url, `answered ${status}`);
          // A redirect is somebody else's answer.
          if (status >= 200 && status < 300) return url;
        } catch (error) {
          seen.set(url, messageOf(error));
        }
      }
      return undefined;
    },
    {
      deadlineMs: 60_000,
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
