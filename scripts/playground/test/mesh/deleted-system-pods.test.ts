import http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { get, TestMesh, until } from './support/test-mesh.ts';

let test: TestMesh | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

async function serving(terminationDrainMs: number): Promise<TestMesh> {
  const one = await TestMesh.start({ terminationDrainMs });
  test = one;
  await one.addPod('v1');
  one.subsets('v1');
  one.route('v1', 'm-first');
  await until('v1 to serve', async () => (await one.call().catch(() => undefined))?.version === 'v1');
  return one;
}
const podNames = (one: TestMesh) =>
  one.store.list('v1/pods', { namespace: 'istio-system' }).map(({ metadata }) => metadata.name);
const isReady = (one: TestMesh, name: string) =>
  JSON.stringify(one.store.get('v1/pods', 'istio-system', name)?.status ?? {}).includes('"ready":true');
const remove = (one: TestMesh, name: string, gracePeriodSeconds?: number) =>
  one.store.delete(
    'v1/pods',
    'istio-system',
    name,
    gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
  );

describe('a gateway pod that somebody deletes', () => {
  it('serves on and closes its connections while another of its template starts, which then serves alone: no call is lost', async () => {
    const one = await serving(400);
    const before = one.mesh.gateway;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const call = () =>
      get({ ...before, path: '/', method: 'POST', headers: { host: 'cafe.example' }, agent });
    expect((await call()).headers.connection).not.toBe('close');
    remove(one, before.podName);
    const answers = [];
    await until('the old pod to be gone', async () => {
      answers.push(await call());
      return !podNames(one).includes(before.podName);
    });
    answers.push(await call());
    agent.destroy();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.filter(({ headers }) => headers.connection === 'close').length).toBeGreaterThan(0);
    const after = one.mesh.gateway;
    expect(after).toMatchObject({ host: before.host, port: before.port });
    expect(after.podName).not.toBe(before.podName);
    expect(after.podName.split('-').slice(0, -1)).toEqual(before.podName.split('-').slice(0, -1));
    expect(podNames(one)).toContain(after.podName);
    expect(isReady(one, after.podName)).toBe(true);
    expect(one.mesh.proxies().filter(({ type }) => type === 'router')).toMatchObject([
      { pod: after.podName },
    ]);
  });

  it('is gone at once when forced, and refuses until the next one serves', async () => {
    const one = await serving(60_000);
    const before = one.mesh.gateway;
    remove(one, before.podName, 0);
    await until(
      'another gateway to serve',
      async () =>
        one.mesh.gateway.podName !== before.podName &&
        (await one.call().catch(() => undefined))?.status === 200,
    );
    await until('its pod to be ready', () => isReady(one, one.mesh.gateway.podName));
    expect(podNames(one)).toHaveLength(2);
  });
});

describe('an istiod pod that somebody deletes', () => {
  it('is replaced by another, which tells the proxies what comes next', async () => {
    const one = await serving(0);
    const before = one.mesh.istiod.podName;
    await one.addPod('v2');
    one.subsets('v1', 'v2');
    remove(one, before);
    one.route('v2', 'm-second');
    await until('v2 to serve', async () => (await one.call()).version === 'v2');
    expect(one.mesh.istiod.podName).not.toBe(before);
    await until('its pod to be ready', () => isReady(one, one.mesh.istiod.podName));
    expect(podNames(one).sort()).toEqual([one.mesh.gateway.podName, one.mesh.istiod.podName].sort());
    expect(await one.istiod<unknown[]>('syncz')).toHaveLength(3);
  });
});
