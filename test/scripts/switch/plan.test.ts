import { describe, expect, it } from '@jest/globals';
import { planOf } from '../../../scripts/switch/plan.ts';
import { saySwitched } from '../../../scripts/switch/say.ts';
import { deployment, standing } from './steps/standing.ts';

const namesOf = (plan: { name: string }[]) => plan.map(({ name }) => name);
const before = { deployment: false, subset: false };
const options = { keepOld: true };
const deleted = { ...deployment('v1'), metadata: { ...deployment('v1').metadata, deletionTimestamp: 'now' } };

describe('a switch that is to keep the current version', () => {
  it('leaves out the steps that remove it, and says how to roll back', async () => {
    const { context } = await standing({ options, before, deployments: [deployment('v1')] });
    const plan = planOf(context);
    expect(namesOf(plan)).not.toContain('remove-subset');
    expect(namesOf(plan)).not.toContain('delete-old');
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
    expect(namesOf(plan)).toEqual(expect.arrayContaining(['remove-subset', 'delete-old']));
    expect((await saySwitched(context, plan)).message).toMatch(
      /; v1 was deleted before, so it is not kept\. To roll back: npm run switch -- --to v1$/,
    );
  });
});
