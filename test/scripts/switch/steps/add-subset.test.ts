import { describe, expect, it } from '@jest/globals';
import { ForeignEditError } from '../../../../scripts/switch/changes/change-object.ts';
import type { Change } from '../../../../scripts/switch/changes/change.ts';
import { describeChange } from '../../../../scripts/switch/changes/describe-change.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';
import { perform } from '../../../../scripts/switch/perform.ts';
import type { StepFailed } from '../../../../scripts/switch/perform.ts';
import { addSubset } from '../../../../scripts/switch/steps/add-subset.ts';
import type { DestinationRule } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { changesOf, failureOf, named, route, standing, subset } from './standing.ts';

const barrier = { ...subset('v1'), name: 'barrier-rule-1-2' };
const subsetsOf = ({ lastSeen }: SwitchContext) =>
  (lastSeen.objects[1]?.object as DestinationRule).spec.subsets?.map(({ name }) => name);

describe('the step add-subset', () => {
  it('adds a subset like the current version’s to the DestinationRule, and nothing else', async () => {
    const { context } = await standing();
    expect(await changesOf(addSubset, context)).toEqual([
      'DestinationRule coffee-shop',
      '      version: v1',
      '+ - name: v2',
      '+   labels:',
      '+     version: v2',
    ]);
  });

  it('asks for proof A of the candidate once the subset is written', async () => {
    const { context, log } = await standing();
    const next = await perform(context, addSubset);
    expect(log).toEqual(['patch DestinationRule coffee-shop', 'prove A v2']);
    expect(next.lastSeen.has('v2')).toBe(true);
    expect(context.lastSeen.has('v2')).toBe(false);
    expect(addSubset.claim(next, []).text).toBe(
      "A: at every proxy v2's cluster is active and its healthy endpoints are its ready pods",
    );
  });

  it('writes nothing where the subset is there already, and still asks for the proof', async () => {
    const { context, log } = await standing({ subsets: [subset('v1'), subset('v2')] });
    await perform(context, addSubset);
    expect(log).toEqual(['prove A v2']);
  });

  it('adds a barrier with it where an earlier change may be on its way still, and takes it away after proof A', async () => {
    const { context, log } = await standing({ isProven: false });
    const written = await addSubset.changes(context);
    expect(written.flatMap((change) => describeChange(change)).slice(5)).toEqual([
      '+ - name: barrier-rule-1-2',
      '+   labels:',
      '+     version: v1',
      expect.stringMatching(/^ {2}An earlier change of the subsets may still be on its way/),
    ]);
    const next = await perform(context, addSubset);
    expect(log).toEqual([
      'patch DestinationRule coffee-shop',
      'prove A v2',
      'patch DestinationRule coffee-shop',
    ]);
    expect(next.lastSeen.barrier).toBeUndefined();
    expect(next.lastSeen.proven).toBe('rule-1/4');
    expect(subsetsOf(next)).toEqual(['v1', 'v2']);
  });

  it('asks at every proxy for the barrier too, as long as it is there', async () => {
    const { context } = await standing({ subsets: [subset('v1'), subset('v2'), barrier] });
    expect(addSubset.claim(context, []).text).toMatch(
      /ready pods, and barrier-rule-1-2 is there, which only this/,
    );
    const next = await perform(context, addSubset);
    expect(subsetsOf(next)).toEqual(['v1', 'v2']);
  });

  it('is undone without a barrier when proof A was not had, and then added with one: whether a proxy has not heard of the subset, or of its end, looks alike', async () => {
    const { context, log } = await standing({
      prover: { endpoints: () => Promise.reject(new Error('late')) },
    });
    const failed = await perform(context, addSubset).catch((error: unknown) => error as StepFailed);
    const { context: last } = failed as StepFailed;
    const next = await perform(last, named(addSubset.undo));
    expect(log.slice(-2)).toEqual(['patch DestinationRule coffee-shop', 'prove v2 gone']);
    expect(subsetsOf(next)).toEqual(['v1']);
    const [change] = await addSubset.changes(next);
    expect(describeChange(change as Change)).toContain('+ - name: barrier-rule-1-3');
  });

  it('is undone without one when proof A was had: then every proxy that lacks the subset has heard of its end', async () => {
    const { context, log } = await standing();
    await perform(await perform(context, addSubset), named(addSubset.undo));
    expect(log).toEqual([
      'patch DestinationRule coffee-shop',
      'prove A v2',
      'renew',
      'patch DestinationRule coffee-shop',
      'prove v2 gone',
    ]);
  });

  it('leaves no barrier behind where the subset itself stays', async () => {
    const { context } = await standing({
      subsets: [subset('v1'), subset('v2'), barrier],
      before: { deployment: false, subset: true },
    });
    expect(subsetsOf(await perform(context, named(addSubset.undo)))).toEqual(['v1', 'v2']);
  });

  it('stops when somebody else has changed the DestinationRule since it was read', async () => {
    const { context, cluster, log } = await standing();
    await cluster.patch(resources.destinationRules, 'coffee-shop', { spec: { trafficPolicy: {} } });
    const failure = await failureOf(context, addSubset);
    expect(failure).toBeInstanceOf(ForeignEditError);
    expect(log.filter((line) => line !== 'renew')).toEqual([
      'somebody else: patch DestinationRule coffee-shop',
    ]);
  });

  it('add-subset is undone by removing the subset, as the one operator, until no proxy has it', async () => {
    const { context, log } = await standing({
      subsets: [subset('v1'), subset('v2')],
      before: { deployment: false, subset: false },
    });
    await perform(context, named(addSubset.undo));
    expect(log).toEqual(['renew', 'patch DestinationRule coffee-shop', 'prove v2 gone']);
  });

  it('leaves a subset that was there before the switch, or that a route names, when it is undone', async () => {
    const both = [subset('v1'), subset('v2')];
    for (const scene of [
      { subsets: both, before: { deployment: false, subset: true } },
      { subsets: both, routes: [route('v1', 'v2')], before: { deployment: false, subset: false } },
    ]) {
      const { context, log } = await standing(scene);
      await perform(context, named(addSubset.undo));
      expect(log).toEqual([]);
    }
  });
});
