import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import { NotServingError } from '../../../../scripts/switch/proofs/still-serving.ts';
import { deleteOld } from '../../../../scripts/switch/steps/delete-old.ts';
import { autoscaler, changesOf, deployment, failureOf, route, standing, subset } from './standing.ts';

const over = {
  subsets: [subset('v2')],
  routes: [route('v2')],
  deployments: [deployment('v1'), deployment('v2')],
  autoscalers: [autoscaler('v1', 2)],
};

describe('the step delete-old', () => {
  it('shows what ends with the current version', async () => {
    const { context } = await standing(over);
    expect(await changesOf(deleteOld, context)).toEqual([
      '- Deployment coffee-shop-v1 (2 pods)',
      '- HorizontalPodAutoscaler coffee-shop-v1',
    ]);
  });

  it('says that there is no way back after the last proof, and renews the lock right before each delete', async () => {
    const { context, log } = await standing(over);
    await perform(context, deleteOld);
    expect(log).toEqual([
      'prove A v2',
      'renew',
      'note point of no return: coffee-shop-v1 is deleted now',
      'delete Deployment coffee-shop-v1',
      'delete HorizontalPodAutoscaler coffee-shop-v1',
    ]);
  });

  it('deletes nothing when no pod of the candidate is ready any more, which is the candidate’s fault', async () => {
    const { context, log } = await standing({
      ...over,
      deployments: [deployment('v1'), deployment('v2', 0)],
    });
    expect(await failureOf(context, deleteOld)).toBeInstanceOf(NotServingError);
    expect(log).toEqual([]);
  });

  it('delete-old is done where the current version is not there any more', async () => {
    const { context, run } = await standing({ ...over, deployments: [deployment('v2')], autoscalers: [] });
    await perform(context, deleteOld);
    expect(run.steps.at(-1)?.detail).toBe('v1 was not there');
  });
});
