import { describe, expect, it } from '@jest/globals';
import { describeStatus } from '../../../../scripts/switch/command/describe-status.ts';
import { allServed, type Status, type VersionStatus } from '../../../../scripts/switch/command/status.ts';

/** A version that serves; `more` says how it does not. */
const versionOf = (version: string, more: Partial<VersionStatus> = {}): VersionStatus => ({
  ...{ version, share: 100, subset: version, ready: 2, deployed: true, replicas: 2, answers503: undefined },
  ...more,
});
const standing: Status = {
  app: 'coffee-shop',
  live: [{ version: 'v1', weight: 100 }],
  versions: [versionOf('v1')],
  record: undefined,
  unfinished: false,
  holder: undefined,
};
const record = { id: '0123abcd', from: 'v1', to: 'v2', startedAt: '2026-11-23T12:00:00.000Z' };

describe('where things stand, for a person', () => {
  it('status says who serves and what is there', () => {
    expect(describeStatus(standing)).toBe(
      'v1 serves all traffic of coffee-shop\n   v1           2/2 pods ready, 100 % of the traffic',
    );
  });

  it('status says each share while a canary divides the traffic, who is at work, and both ways on', () => {
    const canary: Status = {
      ...standing,
      live: [
        { version: 'v1', weight: 95 },
        { version: 'v2', weight: 5 },
      ],
      versions: [versionOf('v1', { share: 95 }), versionOf('v2', { share: 5, ready: 1 })],
      record: { ...record, phase: 'running' },
      unfinished: true,
      holder: 'barista@bar',
    };
    expect(describeStatus(canary).split('\n')).toEqual([
      'v1 serves 95 % and v2 5 % of all traffic of coffee-shop',
      '   v1           2/2 pods ready, 95 % of the traffic',
      '   v2           1/2 pods ready, 5 % of the traffic',
      '   barista@bar holds the Lease',
      'The switch from v1 to v2 is half done (since 2026-11-23T12:00:00.000Z).',
      'Go on with: npm run switch -- --to v2  or roll back with: npm run switch -- --to v2 --undo',
    ]);
  });

  it('status offers no way back when the old version is gone, and says the flags of its cluster again', () => {
    const ended: Status = {
      ...standing,
      versions: [versionOf('a-version-with-a-long-name'), versionOf('v1', { deployed: false, share: 0 })],
      record: { ...record, phase: 'running' },
      unfinished: true,
    };
    const lines = describeStatus(ended, { sameCluster: ' --context kind' }).split('\n');
    expect(lines[1]).toBe('   a-version-with-a-long-name 2/2 pods ready, 100 % of the traffic');
    expect(lines.at(-1)).toBe('Go on with: npm run switch -- --to v2 --context kind');
  });

  it('status says nobody where no route names a version, and how the last switch ended', () => {
    const [first, , last] = describeStatus({
      ...standing,
      live: [],
      record: { ...record, phase: 'undone' },
    }).split('\n');
    expect(first).toBe('nobody serves any traffic of coffee-shop');
    expect(last).toBe('The last switch, from v1 to v2, was undone.');
  });

  it('says of nobody who answers 503 that he serves, why he does, and who could', () => {
    const answers503 = 'the DestinationRule coffee-shop has no subset v1';
    const dead: Status = {
      ...standing,
      versions: [
        versionOf('v8', { share: 0, subset: undefined }),
        versionOf('v1', { subset: undefined, ready: 0, replicas: 0, deployed: false, answers503 }),
      ],
    };
    expect(describeStatus(dead).split('\n')).toEqual([
      'v1 gets all traffic of coffee-shop and answers 503',
      '   v8           2/2 pods ready, 0 % of the traffic, not in the DestinationRule',
      '   v1           0/0 pods ready, 100 % of the traffic, not in the DestinationRule, answers 503: the DestinationRule coffee-shop has no subset v1',
      'Apply a route and a subset that lead to a version with ready pods: v8.',
    ]);
    expect([allServed(dead), allServed(standing)]).toEqual([false, true]);
  });

  it('is that of every version where the route names none', () => {
    const every = versionOf('', { subset: undefined });
    const routed: Status = { ...standing, live: [{ version: '', weight: 100 }], versions: [every] };
    expect(describeStatus(routed).split('\n')).toEqual([
      'every version serves all traffic of coffee-shop',
      '   every version 2/2 pods ready, 100 % of the traffic',
    ]);
    const down = { ...every, ready: 0, answers503: 'no pod of it is ready' };
    expect(describeStatus({ ...routed, versions: [down] }).split('\n')).toEqual([
      'every version gets all traffic of coffee-shop and answers 503',
      '   every version 0/2 pods ready, 100 % of the traffic, answers 503: no pod of it is ready',
      'No version has a ready pod: look at the pods first.',
    ]);
  });
});
