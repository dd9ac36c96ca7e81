import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import { drainOld } from '../../../../scripts/switch/steps/drain-old.ts';
import { autoscaler, deployment, failureOf, standing } from './standing.ts';

const scene = {
  deployments: [deployment('v1'), deployment('v2')],
  autoscalers: [autoscaler('v2', 2, '1')],
};

describe('the step drain-old', () => {
  it('lets the candidate’s autoscaler go only once proof C holds', async () => {
    const { context, log } = await standing(scene);
    await perform(context, drainOld);
    expect(log).toEqual(['prove C v1', 'patch HorizontalPodAutoscaler coffee-shop-v2']);
  });

  it('lets the current version’s autoscaler go too, which a roll back that was begun before may have held', async () => {
    const { context, log } = await standing({ ...scene, autoscalers: [autoscaler('v1', 2, '1')] });
    await perform(context, drainOld);
    expect(log).toEqual(['prove C v1', 'patch HorizontalPodAutoscaler coffee-shop-v1']);
  });

  it('writes nothing when somebody still uses the current version', async () => {
    const busy = new Error('2 of 3 proxies did not show that nobody uses v1 any more');
    const { context, log } = await standing({ ...scene, prover: { quiet: () => Promise.reject(busy) } });
    expect(await failureOf(context, drainOld)).toBe(busy);
    expect(log).toEqual([]);
  });

  it('says how long nobody may use the current version, which is as long as a route delays a request', async () => {
    const { context } = await standing({ options: { quietMs: 200 } });
    expect(drainOld.claim(context, []).text).toBe(
      'C: at no proxy a request is active or begins on v1 for 0.2 s',
    );
  });

  it('drain-old cannot be undone, and stops the run when it fails', () => {
    expect(drainOld).toMatchObject({ onFailure: 'stop' });
    expect(drainOld.undo).toBeUndefined();
  });
});
