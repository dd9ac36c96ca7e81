import { request } from 'node:http';
import type { Cluster } from '../shared/cluster.ts';
import { messageOf } from '../shared/errors.ts';
import { waitFor } from '../shared/wait.ts';
import { objectsToStartFrom } from './objects.ts';
import { applyAll } from './releases/release.ts';
import { waitUntilRolledOut } from './rollout.ts';
import type { Scenario } from './scenarios.ts';
import { order } from './settings.ts';

/** Brings v1 up and waits until it serves coffee where the callers will ask for it. */
export async function setUp(
  cluster: Cluster,
  scenario: Scenario,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  if (scenario.mesh) {
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: cluster.namespace, labels: { 'istio-injection': 'enabled' } },
      },
      { force: true },
    );
  }
  const objects = await objectsToStartFrom(scenario);
  await applyAll(cluster, objects);
  for (const { kind, metadata } of objects) {
    if (kind === 'Deployment') await waitUntilRolledOut(cluster, metadata.name, signal);
  }
  let seen = '';
  await waitFor(
    async () => {
      try {
        const status = await placeOrder(url);
        seen = `answered ${status}`;
        return status < 400;
      } catch (error) {
        seen = messageOf(error);
        return false;
      }
    },
    { deadlineMs: 60_000, what: `the first coffee from ${url}`, lastSeen: () => seen, signal },
  );
}

function placeOrder(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, {
      method: order.method,
      agent: false,
      headers: { 'content-type': 'application/json' },
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
