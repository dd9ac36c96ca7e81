import { describe, expect, it } from '@jest/globals';
import type { Deployment, DestinationRule, Subset } from '../../../../../scripts/shared/kubernetes.ts';
import {
  subsetLike,
  subsetOf,
} from '../../../../../scripts/switch/routing/virtual-service/destination-rule.ts';
import { withVersionLabel } from '../../../../../scripts/switch/changes/version-label.ts';
import {
  versionLabelOf,
  versionOf,
} from '../../../../../scripts/switch/routing/virtual-service/version-label.ts';

const RECOMMENDED = 'app.kubernetes.io/version';
const rule = (...subsets: Subset[]): DestinationRule => ({
  metadata: { name: 'coffee-shop' },
  spec: { host: 'coffee-shop', subsets },
});
const plain = rule({ name: 'v1', labels: { version: 'v1' } });
const recommended = rule({ name: 'v1', labels: { app: 'coffee-shop', [RECOMMENDED]: 'v1' } });

describe('the label that tells versions apart', () => {
  it('the version label is the one by which the subset selects, and version where no subset says', () => {
    expect(versionLabelOf(plain)).toBe('version');
    expect(versionLabelOf(recommended)).toBe(RECOMMENDED);
    expect(versionLabelOf(rule({ name: 'v1', labels: { [RECOMMENDED]: 'v1', version: 'v1' } }))).toBe(
      'version',
    );
    expect(versionLabelOf(rule())).toBe('version');
    expect(versionLabelOf(rule({ name: 'v1' }))).toBe('version');
  });

  it('the version label is each subset’s own where they select by different ones', () => {
    const mixed = rule(...(plain.spec.subsets ?? []), { name: 'v2', labels: { [RECOMMENDED]: 'v2' } });
    expect(versionLabelOf(mixed, 'v1')).toBe('version');
    expect(versionLabelOf(mixed, 'v2')).toBe(RECOMMENDED);
    expect(versionOf({ version: 'v1' }, mixed)).toBe('v1');
    expect(versionOf({ [RECOMMENDED]: 'v2', version: 'v1-base' }, mixed)).toBe('v2');
  });

  it('the version label tells the version of pods, also of one that has no subset yet', () => {
    expect(versionOf({ version: 'v1' }, plain)).toBe('v1');
    expect(versionOf({ version: 'v2' }, plain)).toBe('v2');
    expect(versionOf({ [RECOMMENDED]: 'v2', version: '2.0.1' }, recommended)).toBe('v2');
    expect(versionOf({ version: 'v2' }, recommended)).toBe('v2');
    expect(versionOf({ app: 'coffee-shop' }, recommended)).toBeUndefined();
    expect(versionOf({ version: 'v2' }, rule())).toBe('v2');
  });

  it('the version label goes into the subset of the new version, and into one that is added back', () => {
    const v1 = subsetOf(recommended, 'v1');
    expect(subsetLike(v1, 'v1', 'v2').labels).toEqual({ app: 'coffee-shop', [RECOMMENDED]: 'v2' });
    expect(subsetOf(recommended, 'v0')).toEqual({ name: 'v0', labels: { [RECOMMENDED]: 'v0' } });
    expect(subsetLike({ name: 'v1' }, 'v1', 'v2')).toEqual({ name: 'v2', labels: { version: 'v2' } });
  });

  it('the version label goes onto the pods of a template that tells versions apart by another', () => {
    const deployment = (labels: Record<string, string>): Deployment => ({
      metadata: { name: 'coffee-shop-v2' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [] } },
      },
    });
    const wanted = { [RECOMMENDED]: 'v2' };
    const labelled = withVersionLabel(deployment({ app: 'coffee-shop', version: 'v2' }), 'v2', wanted);
    expect(labelled.spec.template.metadata?.labels).toEqual({ app: 'coffee-shop', version: 'v2', ...wanted });
    expect(labelled.spec.selector.matchLabels).toEqual({ app: 'coffee-shop', version: 'v2' });
    const right = deployment({ app: 'coffee-shop', ...wanted });
    expect(withVersionLabel(right, 'v2', wanted)).toBe(right);
    const blind = deployment({ app: 'coffee-shop' });
    expect(withVersionLabel(blind, 'v2', wanted)).toBe(blind);
  });
});
