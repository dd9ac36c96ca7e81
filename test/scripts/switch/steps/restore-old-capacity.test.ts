import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import { planSwitch, planUndo, planWayBack } from '../../../../scripts/switch/plan.ts';
import {
  PointOfNoReturnError,
  restoreOldCapacity,
} from '../../../../scripts/switch/steps/restore-old-capacity.ts';
import { autoscaler, deployment, failureOf, standing } from './standing.ts';

describe('the step restore-old-capacity', () => {
  it('makes the current version as large as the candidate that carries the traffic, its autoscaler’s floor first', async () => {
    const { context, log, run } = await standing({
      deployments: [deployment('v1', 1), deployment('v2', 3)],
      autoscalers: [autoscaler('v1', 1)],
    });
    await perform(context, restoreOldCapacity);
    expect(log).toEqual(['patch HorizontalPodAutoscaler coffee-shop-v1', 'patch Deployment coffee-shop-v1']);
    expect(run.steps.at(-1)?.detail).toBe('3/3 pods ready');
  });

  it('leaves a version that is large enough', async () => {
    const { context, log } = await standing({ deployments: [deployment('v1', 3), deployment('v2', 2)] });
    await perform(context, restoreOldCapacity);
    expect(log).toEqual([]);
  });

  it('says that it is too late where the current version is deleted', async () => {
    const { context } = await standing({ deployments: [deployment('v2')] });
    expect(await failureOf(context, restoreOldCapacity)).toBeInstanceOf(PointOfNoReturnError);
  });

  it('restore-old-capacity stands in no switch, and at the beginning of each roll back once traffic may have moved', () => {
    const plan = planSwitch({ canary: [5] });
    expect(plan).not.toContain(restoreOldCapacity);
    expect(planUndo()[0]).toBe(restoreOldCapacity);
    const names = (count: number) => planWayBack(plan.slice(0, count), false).map(({ name }) => name);
    expect(names(3)).toEqual(['undo-add-subset', 'undo-deploy-version']);
    expect(names(4)).toEqual([
      'restore-old-capacity',
      'undo-canary-5',
      'undo-add-subset',
      'undo-deploy-version',
      'restore-names',
    ]);
  });
});
