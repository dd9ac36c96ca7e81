import { describe, expect, it } from '@jest/globals';
import type { DestinationRule, KubernetesObject } from '../../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../../scripts/shared/resources.ts';
import type { Change } from '../../../../../scripts/switch/changes/change.ts';
import type { TrafficRouting } from '../../../../../scripts/switch/routing/traffic-routing.ts';
import { createVirtualServiceRouting } from '../../../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const virtualService = { metadata: { name: 'coffee-shop' }, spec: { hosts: [target.host], http: [] } };
const subset = (name: string) => ({ name, labels: { version: name } });
const policy = { trafficPolicy: { loadBalancer: { simple: 'LEAST_REQUEST' } } };
const uid = '3F1C9A77-0b3e-4a5e-8f43-1c2d3e4f5a6b';
const rule = (generation: number, ...subsets: object[]) =>
  ({
    metadata: { name: 'coffee-shop', namespace: 'shop', uid, generation },
    spec: { host: target.host, subsets },
  }) as unknown as DestinationRule;
const routing = (destinationRule: DestinationRule, proven?: string) =>
  createVirtualServiceRouting({ virtualService, roots: [], destinationRule }, target, { proven });

/** As the API server would have it after these changes. */
function written(before: TrafficRouting, changes: Change[]): TrafficRouting {
  return changes.reduce((last, { before: old, after }) => {
    const generation = (old?.metadata.generation ?? 0) + 1;
    const object = { ...after, metadata: { ...after?.metadata, generation } } as KubernetesObject;
    return last.with([{ resource: resources.destinationRules, object }]);
  }, before);
}
const namesIn = (changes: Change[]) =>
  changes.flatMap(({ after }) => (after as DestinationRule).spec.subsets?.map(({ name }) => name));

describe('what is known of the revisions of the subsets', () => {
  it('is that everybody has what was written on what everybody had, once it is proven', () => {
    const first = routing(rule(4, subset('v1')), `${uid}/4`);
    const second = written(first, first.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'));
    expect(second.has('v2')).toBe(true);
    expect(second.barrier).toBeUndefined();
    expect(second.proven).toBe(`${uid}/4`);
    expect(second.asProven().proven).toBe(`${uid}/5`);
  });

  it('is nothing where something was written on what was not proven: then a change comes with a barrier', () => {
    const first = routing(rule(4, subset('v1')), `${uid}/4`);
    const second = written(first, first.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'));
    const third = written(second, second.remove('v2'));
    expect(third.has('v2')).toBe(false);
    expect(third.barrier).toBeUndefined();
    expect(third.asProven().proven).toBe(`${uid}/4`);
    const again = written(third, third.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'));
    expect(again.barrier).toBe('barrier-3f1c9a77-6');
    expect(again.asProven().proven).toBe(`${uid}/7`);
    const last = written(again.asProven(), again.asProven().removeBarrier());
    expect(last.barrier).toBeUndefined();
    // No version came or went with the barrier.
    expect(last.proven).toBe(`${uid}/8`);
    expect(namesIn(last.add('v3', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual(['v1', 'v2', 'v3']);
  });

  it('is nothing where somebody else has written, and taken it back, between the look and the write', () => {
    const first = routing(rule(4, subset('v1')), `${uid}/4`);
    const object = rule(7, subset('v1'), subset('v2'));
    const second = first.with([{ resource: resources.destinationRules, object }]);
    expect(second.asProven().proven).toBe(`${uid}/4`);
  });

  it('is nothing that a proof of unproven subsets without a barrier could tell', () => {
    expect(routing(rule(4, subset('v1'), subset('v2'))).asProven().proven).toBeUndefined();
  });

  it('is nothing of an object of the same name that was made anew', () => {
    const other = routing(rule(4, subset('v1')), 'another-uid/4');
    expect(namesIn(other.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual([
      'v1',
      'v2',
      'barrier-3f1c9a77-4',
    ]);
  });

  it('is handed over to the objects as they are read anew', () => {
    const read = routing(rule(5, subset('v1')), `${uid}/4`);
    expect(namesIn(read.knowing(`${uid}/5`).add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual([
      'v1',
      'v2',
    ]);
    expect(read.knowing(undefined).proven).toBe(`${uid}/4`);
  });
});

describe('a barrier', () => {
  it('is like a version that is there, so that it has pods; it is none itself', () => {
    const [change] = routing(rule(4, { ...subset('v1'), ...policy })).add(
      'v2',
      'v1',
      'switch-v1-to-v2-1a2b3c4d',
    );
    const after = change?.after as DestinationRule;
    expect(after.spec.subsets?.at(-1)).toEqual({ ...subset('v1'), ...policy, name: 'barrier-3f1c9a77-4' });
    expect(routing(after).versionOf({ version: 'v1' })).toBe('v1');
    expect(routing(after).versionOf({ version: 'barrier-3f1c9a77-4' })).toBe('barrier-3f1c9a77-4');
    expect(routing(after).labelsOf('v1')).toEqual({ version: 'v1' });
  });

  it('takes the place of an earlier one, and stays where nothing else changes', () => {
    const earlier = { ...subset('v1'), name: 'barrier-3f1c9a77-3' };
    const known = routing(rule(4, subset('v1'), subset('v2'), earlier));
    expect(namesIn(known.add('v3', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual([
      'v1',
      'v2',
      'v3',
      'barrier-3f1c9a77-4',
    ]);
    expect(namesIn(known.remove('v2'))).toEqual(['v1']);
    expect(namesIn(known.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual([
      'v1',
      'v2',
      'barrier-3f1c9a77-3',
    ]);
    expect(namesIn(known.removeBarrier())).toEqual(['v1', 'v2']);
  });

  it('is no version of somebody’s that only bears such a name', () => {
    const theirs = subset('barrier-reef-2');
    const known = routing(rule(4, subset('v1'), theirs));
    expect(known.barrier).toBeUndefined();
    expect(known.removeBarrier()).toEqual([]);
    expect(namesIn(known.add('v2', 'v1', 'switch-v1-to-v2-1a2b3c4d'))).toEqual([
      'v1',
      'barrier-reef-2',
      'v2',
      'barrier-3f1c9a77-4',
    ]);
  });

  it('makes no question about a removed version wider: only that version’s clusters are asked for', () => {
    const pathOf = (known: TrafficRouting) => decodeURIComponent(known.gone('v2').paths[0] ?? '');
    expect(pathOf(routing(rule(4, subset('v1'))))).toContain('|v2\\|');
    const barrier = { ...subset('v1'), name: 'barrier-3f1c9a77-3' };
    expect(pathOf(routing(rule(4, subset('v1'), barrier)))).toBe(pathOf(routing(rule(4, subset('v1')))));
  });
});
