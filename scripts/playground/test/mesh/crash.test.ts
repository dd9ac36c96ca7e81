import { afterEach, describe, expect, it } from '@jest/globals';
import { TestMesh, until } from './support/test-mesh.ts';

let test: TestMesh | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

/** One pod per version; everything routed to v1. */
async function twoVersions() {
  const one = await TestMesh.start();
  test = one;
  await one.addPod('v1');
  await one.addPod('v2');
  one.subsets('v1', 'v2');
  one.route('v1', 'm-first');
  // Until the gateway has its listener it resets connections: on a
  // busy machine two pods are made faster than that.
  await until('v1 to serve', async () => (await one.call().catch(() => undefined))?.version === 'v1');
  return one;
}
const systemPods = (one: TestMesh) =>
  one.store
    .list('v1/pods', { namespace: 'istio-system' })
    .map(({ metadata }) => metadata.name)
    .sort();

describe('an istiod that is replaced', () => {
  it('knows nobody while it is away, the proxies serve what they have, and hear from the next one what they missed', async () => {
    const one = await twoVersions();
    const before = systemPods(one);
    const back = one.mesh.crash('istiod', { forMs: 300 });
    expect(one.mesh.proxies()).toEqual([]);
    one.route('v2', 'm-second');
    expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
    await back;
    await until('v2 to serve', async () => (await one.call()).version === 'v2');
    const after = systemPods(one);
    expect(after).toHaveLength(2);
    expect(after.filter((name) => !before.includes(name))).toEqual([one.mesh.istiod.podName]);
    const known = await one.istiod<{ proxy: string }[]>('syncz');
    expect(known).toHaveLength(3);
  });
});

describe('a gateway that crashes', () => {
  it('serves again at the same address, with the configuration of now, and never half of it', async () => {
    const one = await twoVersions();
    const back = one.mesh.crash('gateway', { forMs: 100 });
    one.route('v2', 'm-second');
    const statuses = new Set<number>();
    await until('the gateway to serve again', async () => {
      const answer = await one.call().catch(() => undefined);
      if (answer !== undefined) statuses.add(answer.status);
      return answer !== undefined;
    });
    await back;
    expect([...statuses]).toEqual([200]);
    await until('v2 to serve', async () => (await one.call()).version === 'v2');
    const gateway = one.store.get('v1/pods', 'istio-system', one.mesh.gateway.podName);
    expect(gateway?.status).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true }] });
  });
});
