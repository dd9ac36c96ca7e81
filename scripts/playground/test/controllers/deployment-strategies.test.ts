import { describe, expect, it } from '@jest/globals';
import { recreate, resize, rollingUpdate, type Sizing } from '../../controllers/deployment-strategies.ts';
import { DESIRED, MAX } from '../../controllers/revision.ts';
import type { Deployment, ReplicaSet } from '../../controllers/workload-types.ts';

const deployment = (replicas: number, strategy: object = { type: 'RollingUpdate' }): Deployment =>
  ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', uid: 'd' } },
    spec: { replicas, strategy, selector: {}, template: {} },
  }) as unknown as Deployment;

const set = (
  name: string,
  wanted: number,
  available = wanted,
  annotations: Record<string, string> = {},
): ReplicaSet =>
  ({
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: { name, uid: name, annotations, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { replicas: wanted },
    status: { replicas: wanted, availableReplicas: available },
  }) as unknown as ReplicaSet;

const named = (sizes: Sizing[]): Record<string, number> =>
  Object.fromEntries(sizes.map(([{ metadata }, size]) => [metadata.name, size]));

describe('a rolling update', () => {
  const limits = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

  it('makes room for the new pods first, and takes no old one before one of them is available', () => {
    const wanted = deployment(4, limits);
    expect(named(rollingUpdate(wanted, set('new', 0), [set('old', 4)]))).toEqual({ new: 1 });
    expect(named(rollingUpdate(wanted, set('new', 1, 0), [set('old', 4)]))).toEqual({ new: 1, old: 4 });
    expect(named(rollingUpdate(wanted, set('new', 1, 1), [set('old', 4)]))).toEqual({ new: 1, old: 3 });
  });

  it('takes old pods that are not available before those that serve', () => {
    const sizes = rollingUpdate(deployment(4, limits), set('new', 1, 1), [set('ill', 2, 0), set('old', 4)]);
    expect(named(sizes)).toMatchObject({ ill: 0 });
  });
});

describe('recreate', () => {
  it('goes from old pods to none, and only then to new ones', () => {
    const [old, empty] = [set('old', 2), set('empty', 0)];
    const down = recreate([old, empty], () => true);
    expect(down).toEqual({ step: 'scale down', sizes: [[old, 0]] });
    expect(recreate([empty], () => true)).toEqual({ step: 'wait', running: [empty] });
    expect(recreate([empty], () => false)).toEqual({ step: 'scale up' });
  });
});

describe('a change of size', () => {
  it('goes to the one ReplicaSet that has pods', () => {
    const only = set('new', 2);
    expect(named(resize(deployment(5), only, [only, set('old', 0)]))).toEqual({ new: 5 });
    expect(named(resize(deployment(5), set('new', 0), [set('new', 0), set('old', 2)]))).toEqual({ old: 5 });
  });

  it('is spread in proportion while a rollout is under way', () => {
    const sizedFor = { [DESIRED]: '10', [MAX]: '13' };
    const sets = [set('new', 5, 5, sizedFor), set('old', 8, 8, sizedFor)];
    expect(named(resize(deployment(20), sets[0], sets))).toEqual({ old: 15, new: 10 });
  });

  it('empties the old ones where the new one is complete', () => {
    const [fresh, old] = [set('new', 3, 3, { [DESIRED]: '3' }), set('old', 1)];
    expect(named(resize(deployment(3), fresh, [fresh, old]))).toEqual({ old: 0 });
  });

  it('does nothing to two sizes of a Deployment that recreates', () => {
    const sets = [set('new', 1, 0), set('old', 1)];
    expect(resize(deployment(3, { type: 'Recreate' }), sets[0], sets)).toEqual([]);
  });
});
