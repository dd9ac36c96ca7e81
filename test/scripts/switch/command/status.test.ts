import { describe, expect, it } from '@jest/globals';
import { describeStatus, type Status } from '../../../../scripts/switch/command/status.ts';

const standing: Status = {
  app: 'coffee-shop',
  live: [{ version: 'v1', weight: 100 }],
  versions: [{ version: 'v1', ready: 2, wanted: 2, known: true }],
  last: undefined,
  unfinished: false,
  holder: undefined,
};
const record = { id: '0123abcd', from: 'v1', to: 'v2', startedAt: '2026-11-23T12:00:00.000Z' };

describe('where things stand, for a person', () => {
  it('status says who serves and what is there', () => {
    expect(describeStatus(standing)).toBe(
      'v1 serves all traffic of coffee-shop\n   v1           2/2 pods ready',
    );
  });

  it('status says each share while a canary divides the traffic, who is at work, and both ways on', () => {
    const canary: Status = {
      ...standing,
      live: [
        { version: 'v1', weight: 95 },
        { version: 'v2', weight: 5 },
      ],
      versions: [...standing.versions, { version: 'v2', ready: 1, wanted: 2, known: false }],
      last: { ...record, phase: 'running' },
      unfinished: true,
      holder: 'barista@bar',
    };
    expect(describeStatus(canary).split('\n')).toEqual([
      'v1 serves 95 % and v2 5 % of all traffic of coffee-shop',
      '   v1           2/2 pods ready',
      '   v2           1/2 pods ready, not in the DestinationRule',
      '   barista@bar holds the Lease',
      'The switch from v1 to v2 is half done (since 2026-11-23T12:00:00.000Z).',
      'Go on with: npm run switch -- --to v2  or roll back with: npm run switch -- --to v2 --undo',
    ]);
  });

  it('status offers no way back when the old version is gone, and says the flags of its cluster again', () => {
    const ended: Status = {
      ...standing,
      versions: [{ version: 'a-version-with-a-long-name', ready: 2, wanted: 2, known: true }],
      last: { ...record, phase: 'running' },
      unfinished: true,
    };
    const lines = describeStatus(ended, { sameCluster: ' --context kind' }).split('\n');
    expect(lines[1]).toBe('   a-version-with-a-long-name 2/2 pods ready');
    expect(lines.at(-1)).toBe('Go on with: npm run switch -- --to v2 --context kind');
  });

  it('status says nobody where no route names a version, and how the last switch ended', () => {
    const [first, , last] = describeStatus({
      ...standing,
      live: [],
      last: { ...record, phase: 'undone' },
    }).split('\n');
    expect(first).toBe('nobody serves any traffic of coffee-shop');
    expect(last).toBe('The last switch, from v1 to v2, was undone.');
  });
});
