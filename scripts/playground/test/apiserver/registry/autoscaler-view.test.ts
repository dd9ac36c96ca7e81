import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { createStore } from '../../../storage/store.ts';
import { ask } from '../http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
});

afterAll(() => server.close());

const path = (version: string, name = '') =>
  `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers${name && `/${name}`}`;

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' };

const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

describe('a HorizontalPodAutoscaler', () => {
  it('made as autoscaling/v1 is the same object as autoscaling/v2', async () => {
    const made = await ask(server, 'POST', path('v1'), {
      body: {
        metadata: { name: 'old' },
        spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 4, targetCPUUtilizationPercentage: 70 },
      },
    });
    expect([made.code, made.body]).toMatchObject([
      201,
      {
        apiVersion: 'autoscaling/v1',
        kind: 'HorizontalPodAutoscaler',
        spec: { targetCPUUtilizationPercentage: 70 },
      },
    ]);
    const { body } = await ask(server, 'GET', path('v2', 'old'));
    expect(body).toMatchObject({
      apiVersion: 'autoscaling/v2',
      metadata: { uid: made.body.metadata?.['uid'] },
      spec: { minReplicas: 2, maxReplicas: 4, metrics: [cpu(70)] },
    });
  });

  it('made as autoscaling/v2 shows its share of the CPU as autoscaling/v1, and neither metrics nor behavior', async () => {
    const body = {
      metadata: { name: 'new' },
      spec: {
        scaleTargetRef,
        maxReplicas: 3,
        metrics: [cpu(55)],
        behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
      },
    };
    expect((await ask(server, 'POST', path('v2'), { body })).code).toBe(201);
    const seen = await ask(server, 'GET', path('v1', 'new'));
    expect(seen.body['spec']).toEqual({
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 55,
    });
    const listed = await ask(server, 'GET', path('v1'));
    expect(listed.body).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscalerList',
      items: [{ metadata: { name: 'new' } }, { metadata: { name: 'old' } }],
    });
  });

  it('changes in both when it is patched in one', async () => {
    const patched = await ask(server, 'PATCH', path('v1', 'old'), {
      body: { spec: { maxReplicas: 9, targetCPUUtilizationPercentage: 50 } },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(patched.code).toBe(200);
    const { body } = await ask(server, 'GET', path('v2', 'old'));
    expect(body['spec']).toMatchObject({ minReplicas: 2, maxReplicas: 9, metrics: [cpu(50)] });
  });

  const others = [
    {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } },
    },
    {
      type: 'ContainerResource',
      containerResource: {
        name: 'cpu',
        container: 'app',
        target: { type: 'AverageValue', averageValue: '200m' },
      },
    },
    {
      type: 'Pods',
      pods: {
        metric: { name: 'orders', selector: { matchLabels: { a: 'b' } } },
        target: { type: 'AverageValue', averageValue: '5' },
      },
    },
    {
      type: 'Object',
      object: {
        describedObject: { apiVersion: 'v1', kind: 'Service', name: 'shop' },
        metric: { name: 'hits' },
        target: { type: 'Value', value: '2k' },
      },
    },
    {
      type: 'External',
      external: {
        metric: { name: 'queue', selector: { matchLabels: { c: 'd' } } },
        target: { type: 'Value', value: '30' },
      },
    },
  ];
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
  const rich = (name: string) => ({
    metadata: { name, annotations: { own: 'yes' } },
    spec: { scaleTargetRef, maxReplicas: 3, metrics: [cpu(55), ...others], behavior },
  });

  it('keeps metrics and behavior that autoscaling/v1 does not know when it is changed there', async () => {
    await ask(server, 'POST', path('v2'), { body: rich('rich') });
    const seen = await ask(server, 'GET', path('v1', 'rich'));
    const annotations = seen.body.metadata?.['annotations'] as Record<string, string>;
    expect(Object.keys(annotations).sort()).toEqual([
      'autoscaling.alpha.kubernetes.io/behavior',
      'autoscaling.alpha.kubernetes.io/metrics',
      'own',
    ]);
    expect(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics'] ?? '')).toEqual([
      { type: 'Resource', resource: { name: 'memory', targetAverageUtilization: 80 } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'app', targetAverageValue: '200m' },
      },
      {
        type: 'Pods',
        pods: { metricName: 'orders', selector: { matchLabels: { a: 'b' } }, targetAverageValue: '5' },
      },
      {
        type: 'Object',
        object: {
          target: { apiVersion: 'v1', kind: 'Service', name: 'shop' },
          metricName: 'hits',
          targetValue: '2k',
        },
      },
      {
        type: 'External',
        external: { metricName: 'queue', metricSelector: { matchLabels: { c: 'd' } }, targetValue: '30' },
      },
    ]);
    for (const [method, body] of [
      ['PATCH', { spec: { maxReplicas: 8, targetCPUUtilizationPercentage: 50 } }],
      ['PUT', { ...seen.body, spec: { scaleTargetRef, maxReplicas: 9, targetCPUUtilizationPercentage: 40 } }],
    ] as const) {
      // With the version of before the patch it would be refused.
      const sent = method === 'PUT' ? { ...body, metadata: { name: 'rich', annotations } } : body;
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      expect((await ask(server, method, path('v1', 'rich'), { body: sent, contentType })).code).toBe(200);
      const { body: stored } = await ask(server, 'GET', path('v2', 'rich'));
      expect(stored['spec']).toMatchObject({
        maxReplicas: method === 'PATCH' ? 8 : 9,
        metrics: [...others, cpu(method === 'PATCH' ? 50 : 40)],
        behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
      });
      expect(stored.metadata?.['annotations']).toEqual({ own: 'yes' });
    }
  });

  it('loses them when it is replaced in autoscaling/v1 without those annotations', async () => {
    await ask(server, 'POST', path('v2'), { body: rich('bare') });
    const body = {
      metadata: { name: 'bare' },
      spec: { scaleTargetRef, maxReplicas: 4, targetCPUUtilizationPercentage: 60 },
    };
    expect((await ask(server, 'PUT', path('v1', 'bare'), { body })).code).toBe(200);
    const { body: stored } = await ask(server, 'GET', path('v2', 'bare'));
    expect(stored['spec']).toMatchObject({ maxReplicas: 4, metrics: [cpu(60)] });
    expect(stored['spec']).not.toHaveProperty('behavior');
  });

  it('is refused in the words of the version that refuses it', async () => {
    const { code, body } = await ask(server, 'POST', path('v1'), {
      body: { metadata: { name: 'bad' }, spec: { scaleTargetRef, minReplicas: 5, maxReplicas: 3 } },
    });
    expect([code, body.message]).toEqual([
      422,
      'HorizontalPodAutoscaler.autoscaling "bad" is invalid: spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
    ]);
  });
});
