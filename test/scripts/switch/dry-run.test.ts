import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../scripts/shared/resources.ts';
import { patchOf } from '../../../scripts/switch/changes/change.ts';
import { describePlan } from '../../../scripts/switch/dry-run.ts';
import { planSwitch, planUndo } from '../../../scripts/switch/plan.ts';
import type { Step } from '../../../scripts/switch/step.ts';
import { autoscaler, deployment, route, standing, subset } from './steps/standing.ts';

/** As a team writes it. */
const announce: Step = {
  name: 'announce',
  title: ({ to }) => `Announce ${to}`,
  onFailure: 'undo',
  async changes({ cluster, service }) {
    const live = await cluster.get(resources.services, service.metadata.name);
    return live ? [patchOf(resources.services, live, { metadata: { annotations: { next: 'v2' } } })] : [];
  },
  claim: ({ to }) => ({ text: `everybody knows of ${to}`, prove: () => Promise.resolve({ detail: 'told' }) }),
};

describe('a dry run', () => {
  it('shows the changes and the claim of a step that a team has added', async () => {
    const { context, log } = await standing();
    const plan = await describePlan(context, [announce]);
    expect(plan).toEqual([
      {
        name: 'announce',
        title: 'Announce v2',
        changes: ['Service coffee-shop', '+ metadata:', '+   annotations:', '+     next: v2'],
        proof: 'everybody knows of v2',
      },
    ]);
    expect(log).toEqual([]);
  });

  it('sees in each step what the steps before it would leave, and writes and proves nothing', async () => {
    const { context, log } = await standing({ autoscalers: [autoscaler('v1', 1)] });
    const plan = await describePlan(context, planSwitch({ canary: [25] }).slice(1));
    const changesOf = (name: string) => plan.find((step) => step.name === name)?.changes;
    expect(changesOf('canary-25')).toContain('+       weight: 25');
    expect(changesOf('shift-traffic')).toContain('- - name: main--switch-v1-to-v2-0123abcd-p25');
    // The autoscaler that deploy-version would make.
    expect(changesOf('drain-old')).toContain('+   minReplicas: 1');
    expect(changesOf('remove-subset')?.slice(0, 2)).toEqual(['DestinationRule coffee-shop', '- - name: v1']);
    expect(changesOf('delete-old')).toEqual([
      '- Deployment coffee-shop-v1 (2 pods)',
      '- HorizontalPodAutoscaler coffee-shop-v1',
    ]);
    expect(log).toEqual([]);
  });

  it('shows the barrier of a change that could be mistaken for an earlier one, and its end, in the same step', async () => {
    const { context } = await standing({ isProven: false });
    const plan = await describePlan(context, planSwitch().slice(1));
    const add = plan.find(({ name }) => name === 'add-subset');
    expect(add?.changes.filter((line) => line.includes('barrier-rule-1-2'))).toEqual([
      '+ - name: barrier-rule-1-2',
      '- - name: barrier-rule-1-2',
    ]);
    expect(add?.proof).toMatch(
      /^A: .*, and barrier-rule-1-2 is there, which only this revision of the subsets has$/,
    );
    const others = plan.filter(({ name }) => name !== 'add-subset');
    expect(JSON.stringify(others)).not.toContain('barrier');
  });

  it('shows of an undo what is left to take away, step by step', async () => {
    const { context, log } = await standing({
      subsets: [subset('v1'), subset('v2')],
      routes: [{ ...route('v2'), name: 'main--switch-v1-to-v2-0123abcd' }],
      deployments: [deployment('v1', 1), deployment('v2', 2)],
      before: { deployment: false, subset: false },
    });
    const plan = await describePlan(context, planUndo());
    expect(plan.map(({ name, changes }) => [name, changes[0]])).toEqual([
      ['restore-old-capacity', 'Deployment coffee-shop-v1'],
      ['undo-remove-subset', undefined],
      ['undo-shift-traffic', 'VirtualService coffee-shop'],
      ['undo-add-subset', 'DestinationRule coffee-shop'],
      ['undo-deploy-version', '- Deployment coffee-shop-v2 (2 pods)'],
      ['restore-names', 'VirtualService coffee-shop'],
    ]);
    expect(log).toEqual([]);
  });
});
