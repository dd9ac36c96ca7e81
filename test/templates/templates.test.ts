import { describe, expect, it } from '@jest/globals';
import type { Container, Deployment, KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { mistakesOf } from './kubernetes-schema.ts';
import { everyVariant } from './variants.ts';

const variants = await everyVariant();
const objects = variants.flatMap((variant) =>
  variant.objects.map((object) => ({ title: `${variant.title}: ${String(object.kind)}`, object, variant })),
);
const deployments = objects.flatMap(({ title, object, variant }) =>
  object.kind === 'Deployment' ? [{ title, variant, deployment: object as Deployment }] : [],
);
const ofKind = (kind: string): KubernetesObject[] =>
  objects.flatMap(({ object }) => (object.kind === kind ? [object] : []));

interface Handler {
  httpGet?: { path: string; port: number | string };
}
const handlersOf = (container: Container): Handler[] =>
  [
    container['startupProbe'],
    container.readinessProbe,
    container['livenessProbe'],
    container.lifecycle?.preStop,
  ].filter((handler): handler is Handler => handler !== undefined);
const containersOf = ({ spec }: Deployment): Container[] => {
  const { initContainers = [], containers } = spec.template.spec;
  return [...initContainers, ...containers];
};

describe('the schemas', () => {
  const [deployment] = deployments.map((each) => each.deployment);

  it('see every kind the templates hold', () => {
    expect([...new Set(objects.map(({ object }) => object.kind))].sort()).toEqual([
      'Deployment',
      'DestinationRule',
      'Gateway',
      'HTTPRoute',
      'HorizontalPodAutoscaler',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'VirtualService',
    ]);
  });

  const spoiled = (change: (spec: Deployment['spec']) => void): KubernetesObject => {
    const copy = structuredClone(deployment) as Deployment;
    change(copy.spec);
    return copy;
  };

  it('see a wrong type', () => {
    const broken = spoiled((spec) => Object.assign(spec, { replicas: 'two' }));
    expect(mistakesOf(broken).join()).toContain('data/spec/replicas');
  });

  it('see a missing field', () => {
    const broken = spoiled((spec) => Reflect.deleteProperty(spec, 'selector'));
    expect(mistakesOf(broken).join()).toContain("must have required property 'selector'".replaceAll("'", ''));
  });

  it('see a misspelt field, however deep', () => {
    const broken = spoiled((spec) =>
      Object.assign(spec.template.spec.containers[0] ?? {}, { redinessProbe: {} }),
    );
    expect(mistakesOf(broken).join()).toContain('containers[0].redinessProbe: is no known field');
  });

  it.each([
    [
      'VirtualService',
      { http: [{ name: 'a', route: [{ destination: { host: 'x' } }] }] },
      'port: is missing',
    ],
    ['DestinationRule', { host: 'x', subset: [] }, 'subset: is no known field'],
    ['Gateway', { selector: {}, servers: [] }, 'a list that is not empty'],
  ])('see a mistake in a %s', (kind, spec, mistake) => {
    const broken = { apiVersion: 'networking.istio.io/v1', kind, metadata: { name: 'x' }, spec };
    expect(mistakesOf(broken).join()).toContain(mistake);
  });

  it('see an old API version', () => {
    const [budget] = ofKind('PodDisruptionBudget');
    expect(mistakesOf({ ...budget, apiVersion: 'policy/v1beta1' } as KubernetesObject)).toEqual([
      'there is no schema for policy/v1beta1 PodDisruptionBudget',
    ]);
  });
});

describe('every rendered object', () => {
  it.each(objects)('is valid: $title', ({ object }) => {
    expect(mistakesOf(object)).toEqual([]);
  });
});

describe('every Deployment', () => {
  it.each(deployments)(
    'selects its own pods, and releases without taking one away: $title',
    ({ deployment }) => {
      const { selector, template, ...spec } = deployment.spec;
      expect(template.metadata?.labels).toMatchObject(selector.matchLabels ?? {});
      expect(spec).toMatchObject({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    },
  );

  it.each(deployments)('names ports that its container has: $title', ({ deployment }) => {
    for (const container of containersOf(deployment)) {
      const names = container.ports?.map(({ name }) => name) ?? [];
      const asked = handlersOf(container).flatMap(({ httpGet }) => (httpGet ? [httpGet.port] : []));
      expect(names).toEqual(expect.arrayContaining(asked.filter((port) => typeof port === 'string')));
      expect(asked.length).toBeGreaterThan(0);
    }
  });

  it.each(deployments)('hooks by a number that some container listens on: $title', ({ deployment }) => {
    const containers = containersOf(deployment);
    const ports = containers.flatMap((container) => container.ports ?? []).map((port) => port.containerPort);
    const hooks = containers.flatMap(
      ({ lifecycle }) => (lifecycle?.preStop as Handler | undefined)?.httpGet ?? [],
    );
    for (const { port } of hooks) expect(ports).toContain(port);
  });

  it.each(deployments)('mounts what it has, and can write nowhere else: $title', ({ deployment }) => {
    const { volumes = [] } = deployment.spec.template.spec as { volumes?: { name: string }[] };
    const mounts = containersOf(deployment).flatMap(
      (container) => (container['volumeMounts'] ?? []) as { name: string }[],
    );
    expect(volumes.map(({ name }) => name)).toEqual(expect.arrayContaining(mounts.map(({ name }) => name)));
    for (const container of containersOf(deployment))
      expect(container['securityContext']).toMatchObject({ readOnlyRootFilesystem: true });
  });

  it.each(deployments)('asks for CPU and memory, and limits memory alone: $title', ({ deployment }) => {
    for (const container of containersOf(deployment)) {
      const { requests, limits } = container['resources'] as Record<string, Record<string, string>>;
      expect(Object.keys(requests ?? {}).sort()).toEqual(['cpu', 'memory']);
      expect(Object.keys(limits ?? {}).sort()).toEqual(['ephemeral-storage', 'memory']);
    }
  });

  it.each(deployments)('has no token and no environment of other Services: $title', ({ deployment }) => {
    expect(deployment.spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
  });
});

describe('the end of a pod', () => {
  const hookOf = ({ variant }: { variant: (typeof variants)[number] }): unknown => {
    const [deployment] = variant.objects.filter(({ kind }) => kind === 'Deployment') as Deployment[];
    const app = deployment?.spec.template.spec.containers.find(({ name }) => name === 'coffee-shop');
    return app?.lifecycle?.preStop;
  };

  it.each(deployments.filter(({ title }) => /classic/.test(title) && /^istio/.test(title)))(
    'has no hook that Istio would break off: $title',
    (each) => {
      expect(hookOf(each)).toBeUndefined();
    },
  );

  it.each(deployments.filter(({ title }) => /pod=correct sidecar=native|^k8s\/correct /.test(title)))(
    'is held until the app is quiet: $title',
    (each) => {
      const viaSidecar = each.title.includes('lifecycle=sidecar');
      expect(hookOf(each)).toEqual({
        httpGet: {
          ...(viaSidecar ? { path: '/pre-stop', port: 9091 } : { path: '/lifecycle/drain', port: 9090 }),
          httpHeaders: [{ name: 'x-pre-stop-token', value: 'change-me' }],
        },
      });
    },
  );

  it.each(deployments.filter(({ title }) => /naive/.test(title)))(
    'is abrupt where it is naive: $title',
    (each) => {
      expect(hookOf(each)).toBeUndefined();
      expect(JSON.stringify(each.deployment)).toContain('{"name":"SHUTDOWN","value":"naive"}');
    },
  );

  it.each(deployments.filter(({ title }) => !/naive/.test(title)))(
    'has time for the longest drain: $title',
    (each) => {
      // services/*/config.ts: the hook's deadline of 25 s, then 10 s for what still runs.
      expect(each.deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(25 + 10);
      expect(JSON.stringify(each.deployment)).not.toContain('SHUTDOWN');
    },
  );

  it('never waits for the app before the app may start', () => {
    const sidecars = deployments.flatMap(({ deployment }) =>
      containersOf(deployment).filter(({ name }) => name === 'lifecycle'),
    );
    expect(sidecars.length).toBeGreaterThanOrEqual(6);
    for (const sidecar of sidecars)
      expect(sidecar['startupProbe']).toMatchObject({ httpGet: { path: '/health/live', port: 9091 } });
  });
});

describe('the routes', () => {
  it('leave it to the mesh how often a request is tried, until they are told', () => {
    const routes = objects.filter(({ object }) => object.kind === 'VirtualService');
    const told = routes.filter(({ title }) => title.includes('retries=0'));
    expect(told.map(({ variant }) => variant.set)).toEqual(['route', 'route-all']);
    for (const each of routes) {
      const { http } = each.object.spec as { http: object[] };
      if (told.includes(each)) expect(http).toEqual([expect.objectContaining({ retries: { attempts: 0 } })]);
      else expect(http).toEqual([expect.not.objectContaining({ retries: expect.anything() as unknown })]);
    }
  });
});

describe('the objects around the pods', () => {
  it('mean the pods of the Deployments', () => {
    const labels = deployments.map(({ deployment }) => deployment.spec.template.metadata?.labels);
    const selectors = [
      ...ofKind('Service').map(({ spec }) => (spec as { selector: object }).selector),
      ...ofKind('PodDisruptionBudget').map(
        ({ spec }) => (spec as { selector: { matchLabels: object } }).selector.matchLabels,
      ),
      ...ofKind('NetworkPolicy').map(
        ({ spec }) => (spec as { podSelector: { matchLabels: object } }).podSelector.matchLabels,
      ),
    ];
    expect(selectors.length).toBeGreaterThanOrEqual(6);
    for (const selector of selectors) for (const label of labels) expect(label).toMatchObject(selector);
  });

  it('scale a Deployment that exists, by a container that it has', () => {
    const names = deployments.map(({ deployment }) => deployment.metadata.name);
    const containers = deployments
      .flatMap(({ deployment }) => containersOf(deployment))
      .map(({ name }) => name);
    interface Autoscaler {
      scaleTargetRef: { name: string };
      metrics: { containerResource: { container: string } }[];
    }
    for (const { spec } of ofKind('HorizontalPodAutoscaler')) {
      const { scaleTargetRef, metrics } = spec as Autoscaler;
      expect(names).toContain(scaleTargetRef.name);
      for (const { containerResource } of metrics) expect(containers).toContain(containerResource.container);
    }
  });
});
