import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { systemClock } from '../../../../scripts/shared/clock.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import { applyChanges } from '../../../../scripts/switch/changes/apply-change.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';
import {
  FLOOR_ANNOTATION,
  autoscalersOf,
  copyFor,
  everyAutoscalerOf,
  letGo,
  withFloor,
  type Autoscaler,
} from '../../../../scripts/switch/changes/autoscaler.ts';

const v1: Autoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: {
    name: 'coffee-shop-v1',
    uid: 'u',
    resourceVersion: '7',
    labels: { app: 'coffee-shop', version: 'v1' },
    annotations: { team: 'bar', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'coffee-shop-v1' },
    minReplicas: 2,
    maxReplicas: 10,
    metrics: [{ type: 'Resource' }],
  },
};
const names = { from: 'v1', to: 'v2', deployment: 'coffee-shop-v2' };

describe('the autoscaler of a new version', () => {
  it('the new version’s autoscaler is the old one with other names', () => {
    expect(copyFor(v1, names)).toEqual({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: 'coffee-shop-v2',
        labels: { app: 'coffee-shop', version: 'v2' },
        annotations: { team: 'bar' },
      },
      spec: { ...v1.spec, scaleTargetRef: { ...v1.spec.scaleTargetRef, name: 'coffee-shop-v2' } },
    });
    const odd = { ...v1, metadata: { ...v1.metadata, name: 'scale-it' } };
    expect(copyFor(odd, names).metadata.name).toBe('coffee-shop-v2');
  });

  it('the new version’s autoscaler looks at the metrics of its own version', () => {
    const metricsOf = (version: string) => [
      { type: 'Resource', resource: { name: 'cpu', target: { averageValue: 'v1' } } },
      {
        type: 'External',
        external: {
          metric: {
            name: 'requests',
            selector: {
              matchLabels: { app: 'coffee-shop', version },
              matchExpressions: [{ key: 'version', operator: 'In', values: [version] }],
            },
          },
        },
      },
      { type: 'Object', object: { describedObject: { kind: 'Deployment', name: `coffee-shop-${version}` } } },
    ];
    const { metrics } = copyFor({ ...v1, spec: { ...v1.spec, metrics: metricsOf('v1') } }, names).spec;
    expect(metrics).toEqual(metricsOf('v2'));
  });

  it('the new version’s autoscaler carries no mark by which a tool knows what it has made', () => {
    const marked = {
      ...v1,
      metadata: {
        ...v1.metadata,
        labels: { ...v1.metadata.labels, 'kustomize.toolkit.fluxcd.io/name': 'shop' },
        annotations: {
          team: 'bar',
          'argocd.argoproj.io/tracking-id': 'x',
          'meta.helm.sh/release-name': 'shop',
        },
      },
    };
    expect(copyFor(marked, names)).toEqual(copyFor(v1, names));
  });

  it('an autoscaler that another object made is not among those to copy, hold or delete', async () => {
    const owner = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'scale-v1', uid: 'u' };
    const withOwner = (name: string, controller?: boolean): Autoscaler => ({
      ...v1,
      metadata: {
        name,
        ownerReferences: [{ ...owner, ...(controller === undefined ? {} : { controller }) }],
      },
    });
    const all = [v1, withOwner('keda-hpa-scale-v1', true), withOwner('collected-with-v1')];
    const cluster = { list: () => Promise.resolve(all) } as unknown as Cluster;
    const namesOf = (found: Autoscaler[]) => found.map(({ metadata }) => metadata.name);
    expect(namesOf(await autoscalersOf(cluster, 'coffee-shop-v1'))).toEqual([
      'coffee-shop-v1',
      'collected-with-v1',
    ]);
    expect(namesOf(await everyAutoscalerOf(cluster, 'coffee-shop-v1'))).toHaveLength(3);
  });

  it('an autoscaler holds the size until it is let go, and remembers what its author meant', () => {
    const held = withFloor(v1, 5);
    expect(held.spec.minReplicas).toBe(5);
    expect(held.metadata.annotations).toMatchObject({ team: 'bar', [FLOOR_ANNOTATION]: '2' });
    expect(withFloor(held, 7).metadata.annotations?.[FLOOR_ANNOTATION]).toBe('2');
    expect(copyFor(held, names)).toEqual(copyFor(v1, names));
  });

  it('an autoscaler is left alone when it keeps that many anyway, and never asked for more than it may have', () => {
    expect(withFloor(v1, 2)).toBe(v1);
    expect(withFloor(v1, 50).spec.minReplicas).toBe(10);
  });

  it('an autoscaler is let go by the name its Deployment has, whatever the templates call it', async () => {
    const patched: unknown[] = [];
    const other = { ...v1.spec, scaleTargetRef: { ...v1.spec.scaleTargetRef, name: 'blue' } };
    const held = withFloor({ ...v1, spec: other }, 5);
    const labels = { app: 'coffee-shop', version: 'v2' };
    const cluster = {
      list: ({ plural }: Resource) =>
        Promise.resolve(
          plural === 'deployments'
            ? [{ metadata: { name: 'blue' }, spec: { template: { metadata: { labels } } } }]
            : [held],
        ),
      patch: (_resource: Resource, name: string, patch: { spec: object }) => {
        patched.push({ name, ...patch.spec });
        return Promise.resolve(held);
      },
    } as unknown as Cluster;
    const service = { metadata: { name: 'coffee-shop' }, spec: { selector: { app: 'coffee-shop' } } };
    const context = {
      cluster,
      service,
      lastSeen: { versionOf: ({ version }: Record<string, string>) => version },
      signal: new AbortController().signal,
      clock: systemClock,
      stepTimeoutMs: 1000,
      renewLease: () => Promise.resolve(),
    } as unknown as SwitchContext;
    await applyChanges(context, await letGo(context, 'v2'));
    expect(patched).toEqual([{ name: 'coffee-shop-v1', minReplicas: 2 }]);
  });
});
