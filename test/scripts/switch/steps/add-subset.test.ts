import { describe, expect, it } from '@jest/globals';
import { ForeignEditError } from '../../../../scripts/switch/changes/change-object.ts';
import { perform } from '../../../../scripts/switch/perform.ts';
import { addSubset } from '../../../../scripts/switch/steps/add-subset.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { changesOf, failureOf, named, route, standing, subset } from './standing.ts';

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
