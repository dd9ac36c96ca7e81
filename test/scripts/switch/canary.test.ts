import { describe, expect, it } from '@jest/globals';
import { fisherExact } from '../../../scripts/switch/fisher.ts';
import { countBySubset, difference } from '../../../scripts/switch/proofs/evidence.ts';
import { createMarker, hasMarker, withMarker } from '../../../scripts/switch/routes.ts';
import { parseSwitchArgs } from '../../../scripts/switch/options.ts';
import { planSwitch } from '../../../scripts/switch/plan.ts';
import { host, recordedFile } from './recorded.ts';

describe('fisherExact', () => {
  // The lady tasting tea: 3 of 4 right has p = 17/70, 4 of 4 has 1/70.
  it('agrees with the published values', () => {
    expect(fisherExact({ requests: 4, errors: 3 }, { requests: 4, errors: 1 })).toBeCloseTo(17 / 70, 12);
    expect(fisherExact({ requests: 4, errors: 4 }, { requests: 4, errors: 0 })).toBeCloseTo(1 / 70, 12);
  });

  it('sees nothing in no errors, little in one, and much in many', () => {
    expect(fisherExact({ requests: 100, errors: 0 }, { requests: 1900, errors: 0 })).toBe(1);
    expect(fisherExact({ requests: 100, errors: 1 }, { requests: 1900, errors: 2 })).toBeGreaterThan(0.01);
    expect(fisherExact({ requests: 100, errors: 10 }, { requests: 1900, errors: 5 })).toBeLessThan(1e-6);
  });

  it('does not hold errors against the new version that the old one has too', () => {
    expect(fisherExact({ requests: 5000, errors: 50 }, { requests: 95_000, errors: 950 })).toBeGreaterThan(
      0.4,
    );
  });
});

describe('evidence', () => {
  it('is read from the counters of a real gateway', () => {
    const { body } = recordedFile<{ body: { name: string } }>('gateway.clusters-one-cluster');
    const counts = countBySubset({ cluster_statuses: [{ ...body, name: `outbound|8080|v2|${host}` }] }, host);
    expect(counts.get('v2')?.errors).toBe(0);
    expect(counts.get('v2')?.requests).toBeGreaterThan(3418);
  });

  it('is what was counted in between, and nothing where a counter began anew', () => {
    expect(difference({ requests: 150, errors: 3 }, { requests: 100, errors: 1 })).toEqual({
      requests: 50,
      errors: 2,
    });
    expect(difference({ requests: 10, errors: 0 }, { requests: 100, errors: 1 })).toEqual({
      requests: 0,
      errors: 0,
    });
  });
});

describe('--canary', () => {
  const parse = (canary: string) =>
    parseSwitchArgs(['--to', 'v2', '--canary', canary], { defaultTemplates: 'x' }).options.canary;

  it('reads ascending percents and refuses anything else', () => {
    expect(parse('5,25,50')).toEqual([5, 25, 50]);
    for (const wrong of ['', '0', '100', '25,5', '5,5', 'a', '1.5'])
      expect(() => parse(wrong)).toThrow('--canary must be');
  });

  it('puts the shares between the new subset and the whole traffic', () => {
    expect(planSwitch({ canary: [5, 50] }).map(({ name }) => name)).toEqual([
      'preflight',
      'deploy-version',
      'add-subset',
      'canary-5',
      'canary-50',
      'shift-traffic',
      'drain-old',
      'remove-subset',
      'delete-old',
    ]);
  });

  it('gives each share a name of its own that still belongs to the switch', () => {
    const marker = createMarker('v1', 'v2', '0123abcd');
    const five = withMarker('main', `${marker}-p5`);
    expect(withMarker(five, `${marker}-p50`)).toBe(`main--${marker}-p50`);
    expect(hasMarker({ name: five }, marker)).toBe(true);
    expect(hasMarker({ name: withMarker(five, marker) }, marker)).toBe(true);
    expect(hasMarker({ name: 'main' }, marker)).toBe(false);
    expect(hasMarker({ name: five }, createMarker('v1', 'v2', 'ffffffff'))).toBe(false);
  });
});
