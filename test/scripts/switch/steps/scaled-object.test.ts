import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { scaledObjects } from '../../../../scripts/switch/changes/scaled-object.ts';
import { perform } from '../../../../scripts/switch/perform.ts';
import { deployVersion } from '../../../../scripts/switch/steps/deploy-version.ts';
import { deleteOld } from '../../../../scripts/switch/steps/delete-old.ts';
import { drainOld } from '../../../../scripts/switch/steps/drain-old.ts';
import { restoreOldCapacity } from '../../../../scripts/switch/steps/restore-old-capacity.ts';
import { shiftBack } from '../../../../scripts/switch/steps/shift-traffic.ts';
import { autoscaler, deployment, named, route, scaledObject, standing, subset } from './standing.ts';
import type { Scene } from './standing.ts';

const none = { deployment: false, subset: false };
const both = [deployment('v1', 3), deployment('v2', 3)];
const pausedAt = (size: number) => ({
  'autoscaling.keda.sh/paused-replicas': String(size),
  'zero-downtime/paused-replicas': String(size),
});

/** The set `version` holds a ScaledObject, so each version has its own. */
async function scaled(scene: Scene = {}) {
  const world = await standing({
    scaledObjects: [scaledObject('v1')],
    others: (version) => [scaledObject(version)],
    ...scene,
  });
  const annotationsOf = async (version: string) => {
    const found = await world.cluster.get<KubernetesObject>(scaledObjects, `coffee-shop-${version}`);
    return found?.metadata.annotations;
  };
  return { ...world, annotationsOf };
}

describe('a ScaledObject of the set version', () => {
  it('the candidate’s comes after its Deployment, paused at the size that takes the traffic', async () => {
    const { context, log, annotationsOf } = await scaled({ deployments: [deployment('v1', 3)] });
    await perform(context, deployVersion);
    expect(log).toEqual(['apply Deployment coffee-shop-v2', 'apply ScaledObject coffee-shop-v2']);
    expect(await annotationsOf('v2')).toEqual(pausedAt(3));
    expect(await annotationsOf('v1')).toEqual({});
  });

  it('a version that has one is given no copy of the current version’s autoscaler: two would scale it', async () => {
    const { context } = await scaled({ autoscalers: [autoscaler('v1', 1)] });
    const kinds = (await deployVersion.changes(context)).map(({ resource }) => resource.kind);
    expect(kinds).toEqual(['Deployment', 'ScaledObject']);
    const without = await scaled({ autoscalers: [autoscaler('v1', 1)], others: () => [] });
    const copied = (await deployVersion.changes(without.context)).map(({ resource }) => resource.kind);
    expect(copied).toEqual(['Deployment', 'HorizontalPodAutoscaler']);
  });

  it('one that a killed run left out is made, and one that is there is paused before pods are added', async () => {
    const left = await scaled({ deployments: both, before: none });
    await perform(left.context, deployVersion);
    expect(left.log).toEqual(['apply ScaledObject coffee-shop-v2']);
    const small = await scaled({
      deployments: [deployment('v1', 3), deployment('v2', 1)],
      scaledObjects: [scaledObject('v2', pausedAt(1))],
      before: none,
    });
    await perform(small.context, deployVersion);
    expect(small.log).toEqual(['patch ScaledObject coffee-shop-v2', 'patch Deployment coffee-shop-v2']);
    expect(await small.annotationsOf('v2')).toEqual(pausedAt(3));
  });

  it('it scales again once nobody uses the old version', async () => {
    const { context, log, annotationsOf } = await scaled({
      deployments: both,
      scaledObjects: [scaledObject('v1'), scaledObject('v2', { team: 'bar', ...pausedAt(3) })],
    });
    await perform(context, drainOld);
    expect(log).toEqual(['prove C v1', 'patch ScaledObject coffee-shop-v2']);
    expect(await annotationsOf('v2')).toEqual({ team: 'bar' });
  });

  it('the current version’s is paused on the way back, and scales again when all traffic is back', async () => {
    const { context, annotationsOf } = await scaled({
      deployments: both,
      routes: [route('v2')],
      subsets: [subset('v1'), subset('v2')],
      before: none,
    });
    await perform(context, restoreOldCapacity);
    expect(await annotationsOf('v1')).toEqual(pausedAt(3));
    await perform(context, named(shiftBack));
    expect(await annotationsOf('v1')).toEqual({});
  });

  it('it goes with its version', async () => {
    const { context, log } = await scaled({
      deployments: both,
      scaledObjects: [scaledObject('v1'), scaledObject('v2')],
    });
    await perform(context, deleteOld);
    expect(log.filter((line) => line.startsWith('delete'))).toEqual([
      'delete Deployment coffee-shop-v1',
      'delete ScaledObject coffee-shop-v1',
    ]);
  });

  it.each([
    ['one that its author pauses', { 'autoscaling.keda.sh/paused-replicas': '5' }],
    ['one that its author pauses as it is', { 'autoscaling.keda.sh/paused': 'true' }],
  ])('%s is neither paused nor let go', async (_what, annotations) => {
    const { context, log } = await scaled({
      deployments: both,
      scaledObjects: [scaledObject('v2', annotations)],
      before: none,
    });
    await perform(context, deployVersion);
    await perform(context, drainOld);
    expect(log).toEqual(['prove C v1']);
  });

  it('a pause that somebody has changed meanwhile stays, and is no longer the switch’s', async () => {
    const { context, annotationsOf } = await scaled({
      deployments: both,
      scaledObjects: [scaledObject('v2', { ...pausedAt(3), 'autoscaling.keda.sh/paused-replicas': '7' })],
    });
    await perform(context, drainOld);
    expect(await annotationsOf('v2')).toEqual({ 'autoscaling.keda.sh/paused-replicas': '7' });
  });

  it('one that the set does not hold is somebody else’s, and left as it is', async () => {
    const { context, log } = await scaled({
      deployments: both,
      scaledObjects: [scaledObject('v1'), scaledObject('v2')],
      others: () => [],
      before: none,
    });
    await perform(context, deployVersion);
    await perform(context, restoreOldCapacity);
    await perform(context, drainOld);
    expect(log).toEqual(['prove C v1']);
  });
});
