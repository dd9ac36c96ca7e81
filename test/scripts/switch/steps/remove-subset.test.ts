import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../../scripts/shared/resources.ts';
import { ForeignEditError } from '../../../../scripts/switch/changes/change-object.ts';
import { perform } from '../../../../scripts/switch/perform.ts';
import { removeSubset } from '../../../../scripts/switch/steps/remove-subset.ts';
import { deployment, failureOf, named, route, standing, subset } from './standing.ts';

const shifted = {
  subsets: [subset('v1'), subset('v2')],
  routes: [route('v2')],
  deployments: [deployment('v1'), deployment('v2')],
};

describe('the step remove-subset', () => {
  it('asks for proof A of the candidate and for the lock before it removes the subset, and then that no proxy has it', async () => {
    const { context, log } = await standing(shifted);
    const next = await perform(context, removeSubset);
    expect(log).toEqual(['prove A v2', 'renew', 'patch DestinationRule coffee-shop', 'prove v1 gone']);
    expect(next.lastSeen.has('v1')).toBe(false);
  });

  it('removes nothing when somebody else has put the routes back', async () => {
    const { context, cluster, log } = await standing(shifted);
    await cluster.patch(resources.virtualServices, 'coffee-shop', { spec: { http: [route('v1')] } });
    expect(await failureOf(context, removeSubset)).toBeInstanceOf(ForeignEditError);
    expect(log).toEqual(['somebody else: patch VirtualService coffee-shop']);
  });

  it('removes nothing that a route names', async () => {
    const { context, log } = await standing({ ...shifted, routes: [route('v1', 'v2')] });
    expect(await failureOf(context, removeSubset)).toMatchObject({
      message: 'a route still names v1; its subset stays',
    });
    expect(log).not.toContain('patch DestinationRule coffee-shop');
  });

  it('removes nothing when another operator has the lock by then', async () => {
    const taken = new Error('somebody@elsewhere holds the Lease');
    const { context, log } = await standing({ ...shifted, renewLease: () => Promise.reject(taken) });
    expect(await failureOf(context, removeSubset)).toBe(taken);
    expect(log).toEqual(['prove A v2', 'renew']);
  });

  it('remove-subset removes it without a barrier where what was added before may be on its way still, and leaves that unproven', async () => {
    const { context, log } = await standing({ ...shifted, isProven: false });
    const next = await perform(context, removeSubset);
    expect(log.slice(2)).toEqual(['patch DestinationRule coffee-shop', 'prove v1 gone']);
    expect(next.lastSeen.barrier).toBeUndefined();
    const [change] = next.lastSeen.add('v1', 'v2', 'switch-v1-to-v2-1a2b3c4d');
    expect(JSON.stringify(change?.after?.['spec'])).toContain('"barrier-rule-1-3"');
  });

  it('remove-subset is undone with a barrier where its end was not proven: a proxy that has not heard of it still shows the subset', async () => {
    const { context } = await standing({ ...shifted, subsets: [subset('v2')], isProven: false });
    const [change] = (await removeSubset.undo?.changes(context)) ?? [];
    expect(JSON.stringify(change?.after?.['spec'])).toContain('"barrier-rule-1-2"');
  });

  it('remove-subset is undone by adding the subset again, with proof A of the current version', async () => {
    const { context, log } = await standing({ ...shifted, subsets: [subset('v2')] });
    const next = await perform(context, named(removeSubset.undo));
    expect(log).toEqual(['patch DestinationRule coffee-shop', 'prove A v1']);
    expect(next.lastSeen.labelsOf('v1')).toEqual({ version: 'v1' });
  });
});
