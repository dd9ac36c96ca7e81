import { describe, expect, it } from '@jest/globals';
import { injectSidecar } from '../../../mesh/inject/injection.ts';
import type { Container } from '../../../mesh/inject/probe-rewrite.ts';
import type { KubeObject } from '../../../storage/types.ts';

interface Spec {
  containers: Container[];
  initContainers?: Container[];
}

function pod(
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
): KubeObject<Spec> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'shop-sample',
      namespace: 'ze-mesh',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-23T11:13:32Z',
      labels: { app: 'shop', version: 'v1', ...labels },
      annotations,
    },
    spec: {
      containers: [
        {
          name: 'shop',
          image: 'shop:1',
          ports: [
            { name: 'http', containerPort: 8080 },
            { name: 'admin', containerPort: 8081 },
          ],
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
          lifecycle: { preStop: { httpGet: { path: '/prestop', port: 8081 } } },
        },
      ],
    },
  };
}

function inject(
  one: KubeObject<Spec>,
  namespaceLabels: Record<string, string> | undefined = { 'istio-injection': 'enabled' },
  native = true,
) {
  injectSidecar(one, namespaceLabels, { nativeSidecars: native });
  const spec = one.spec ?? { containers: [] };
  return {
    init: (spec.initContainers ?? []).map((container) => container.name),
    main: spec.containers.map((container) => container.name),
    proxy: [...(spec.initContainers ?? []), ...spec.containers].find(
      (container) => container.name === 'istio-proxy',
    ),
    app: spec.containers.find((container) => container.name === 'shop'),
  };
}

describe('injection', () => {
  it('puts a native sidecar first among the init containers, with the drain as its preStop', () => {
    const one = pod();
    const { init, main, proxy } = inject(one);
    expect([init, main]).toEqual([['istio-proxy'], ['shop']]);
    expect(proxy).toMatchObject({
      restartPolicy: 'Always',
      ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
    });
    expect(proxy?.lifecycle).toEqual({
      preStop: { exec: { command: ['pilot-agent', 'request', '--debug-port=15020', 'POST', 'drain'] } },
    });
    expect(JSON.parse(one.metadata.annotations?.['sidecar.istio.io/status'] ?? '{}')).toMatchObject({
      initContainers: ['istio-proxy'],
      containers: null,
    });
    expect(one.metadata.labels).toEqual({
      app: 'shop',
      version: 'v1',
      'security.istio.io/tlsMode': 'istio',
      'service.istio.io/canonical-name': 'shop',
      'service.istio.io/canonical-revision': 'v1',
    });
  });

  it('adds a classic sidecar as one more container, without hook or restart policy', () => {
    const { init, main, proxy } = inject(pod({}, { 'sidecar.istio.io/nativeSidecar': 'false' }));
    expect([init, main]).toEqual([[], ['shop', 'istio-proxy']]);
    expect(proxy).not.toHaveProperty('restartPolicy');
    expect(proxy).not.toHaveProperty('lifecycle');
  });

  it('lets the pod’s annotation win over the playground’s default', () => {
    expect(
      inject(pod({}, { 'sidecar.istio.io/nativeSidecar': 'true' }), { 'istio-injection': 'enabled' }, false)
        .init,
    ).toEqual(['istio-proxy']);
    expect(inject(pod(), { 'istio-injection': 'enabled' }, false).main).toEqual(['shop', 'istio-proxy']);
  });

  it('leads httpGet probes and hooks through pilot-agent and keeps the originals, as recorded', () => {
    const { app, proxy } = inject(pod());
    expect(app?.readinessProbe).toEqual({
      httpGet: { path: '/app-health/shop/readyz', port: 15020, scheme: 'HTTP' },
      periodSeconds: 1,
    });
    expect(app?.lifecycle?.preStop).toEqual({
      httpGet: { path: '/app-lifecycle/shop/prestopz', port: 15020, scheme: 'HTTP' },
    });
    const probers = proxy?.env?.find((variable) => variable.name === 'ISTIO_KUBE_APP_PROBERS')?.value ?? '';
    expect(JSON.parse(probers)).toEqual({
      '/app-health/shop/readyz': {
        httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
        timeoutSeconds: 1,
      },
      '/app-lifecycle/shop/prestopz': { httpGet: { path: '/prestop', port: 8081, scheme: 'HTTP' } },
    });
  });

  it.each([
    ['namespace enabled', { 'istio-injection': 'enabled' }, {}, true],
    [
      'namespace enabled, pod says no',
      { 'istio-injection': 'enabled' },
      { 'sidecar.istio.io/inject': 'false' },
      false,
    ],
    ['namespace says nothing', {}, {}, false],
    ['namespace says nothing, pod says yes', {}, { 'sidecar.istio.io/inject': 'true' }, true],
    [
      'namespace disabled, pod says yes',
      { 'istio-injection': 'disabled' },
      { 'sidecar.istio.io/inject': 'true' },
      false,
    ],
  ])('%s', (_case, namespaceLabels, labels, expected) => {
    expect(inject(pod(labels), namespaceLabels).proxy !== undefined).toBe(expected);
  });

  it('leaves a pod alone that already has a proxy', () => {
    const one = pod();
    inject(one);
    const before = JSON.stringify(one);
    inject(one);
    expect(JSON.stringify(one)).toBe(before);
  });
});

it.each([[undefined], [null], ['none']])(
  'a pod whose containers are %j is left to be refused by what comes after the injection',
  (containers) => {
    const one = pod();
    one.spec = { containers } as unknown as Spec;
    injectSidecar(one, { 'istio-injection': 'enabled' }, { nativeSidecars: true });
    expect(one.spec).toEqual({ containers });
  },
);
