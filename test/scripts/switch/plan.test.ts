import { describe, expect, it } from '@jest/globals';
import { planOf } from '../../../scripts/switch/plan.ts';
import { saySwitched } from '../../../scripts/switch/say.ts';
import { deployment, standing } from './steps/standing.ts';

const before = { deployment: false, subset: false };
const options = { keepOld: true };
const deleted = { ...deployment('v1'), metadata: { ...deployment('v1').metadata, deletionTimestamp: 'now' } };

describe('a switch that is to keep the current version', () => {
  it('leaves out the steps that remove it, and says how to roll back', async () => {
    const { context } = await standing({ options, before, deployments: [deployment('v1')] });
    const plan = planOf(context);
    expect(plan.map(({ name }) => name).slice(-2)).toEqual(['drain-old', 'restore-names']);
    expect((await saySwitched(context, plan)).message).toMatch(
      /roll back: npm run switch -- --to v2 --undo$/,
    );
  });

  it.each([
    ['is gone', [deployment('v2')]],
    ['is being deleted', [deleted, deployment('v2')]],
  ])('removes what is left of it where a run before has deleted it: it %s', async (_how, deployments) => {
    const { context } = await standing({ options, before, deployments });
    const plan = planOf(context);
    expect(plan.map(({ name }) => name).slice(-3)).toEqual(['remove-subset', 'delete-old', 'restore-names']);
    expect((await saySwitched(context, plan)).message).toMatch(
      /; v1 was deleted before, so it is not kept\. To roll back: npm run switch -- --to v1$/,
    );
  });
});
