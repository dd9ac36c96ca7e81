import { afterEach, expect, it } from '@jest/globals';
import { keepDefinitions } from '../../../apiserver/registry/custom/keep-definitions.ts';
import { installGatewayApi } from '../../../mesh/index.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { hasClass } from './support/conformance-bench.ts';
import { TestMesh, until } from '../support/test-mesh.ts';

const API = 'gateway.networking.k8s.io/v1';
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

async function start(): Promise<TestMesh> {
  const test = await TestMesh.start();
  closers.push(() => test.close());
  closers.push(keepDefinitions(test.store));
  return test;
}

function addRoute(test: TestMesh, backend: string): void {
  test.store.create(`${API}/httproutes`, {
    apiVersion: API,
    kind: 'HTTPRoute',
    metadata: { name: 'cafe', namespace: test.namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cafe', port: 8080 }],
      rules: [{ name: 'm-route', backendRefs: [{ name: backend, port: 8080 }] }],
    },
  });
}

const statusOf = (test: TestMesh): unknown =>
  test.store.get<KubeObject>(`${API}/httproutes`, test.namespace, 'cafe')?.status;

it('istiod takes up Gateway API’s definitions while it runs: it makes its classes and follows routes', async () => {
  const test = await start();
  expect((await test.istiod<{ kind: string }[]>('configz')).map(({ kind }) => kind)).not.toContain(
    'GatewayClass',
  );
  installGatewayApi(test.store);
  await until('the classes are made and accepted', () =>
    ['istio', 'istio-remote'].every((name) => hasClass(test.store, name)),
  );
  const pod = await test.addPod('v1');
  addRoute(test, 'cafe');
  await until('the sidecar has the route', async () => (await test.marker(pod.ip)) === 'm-route');
  await until('its status says so', () => JSON.stringify(statusOf(test) ?? '').includes('Route was valid'));
  const shown = await test.istiod<{ kind: string; metadata: { name: string } }[]>('configz');
  expect(shown.filter(({ kind }) => kind === 'VirtualService').map(({ metadata }) => metadata.name)).toEqual([
    'shop~8080~cafe.shop.svc.cluster.local',
  ]);

  test.store.delete(
    'apiextensions.k8s.io/v1/customresourcedefinitions',
    undefined,
    'httproutes.gateway.networking.k8s.io',
  );
  await until(
    'the route has gone with its definition',
    async () => (await test.marker(pod.ip)) === undefined,
  );
});

it('no status is written while no istiod runs, and the next one writes it', async () => {
  const test = await start();
  installGatewayApi(test.store);
  await until('istiod follows', () => hasClass(test.store));
  void test.mesh.crash('istiod', { forMs: 400 });
  await until('istiod is away', () => test.mesh.proxies().length === 0);
  addRoute(test, 'nobody');
  await until('istiod is back', () => {
    const isBack = test.mesh.proxies().length > 0;
    if (!isBack) expect(statusOf(test)).toBeUndefined();
    return isBack;
  });
  await until('the route has its status', () =>
    JSON.stringify(statusOf(test) ?? '').includes('BackendNotFound'),
  );
});
