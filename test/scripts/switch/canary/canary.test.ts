import { describe, expect, it } from '@jest/globals';
import { hostCounters, samplesOf } from '../../../../scripts/switch/canary/host-counters.ts';
import { createIncrease } from '../../../../scripts/switch/canary/increase.ts';
import { fisherExact } from '../../../../scripts/switch/canary/fisher.ts';
import { createMarker, hasMarker, withMarker } from '../../../../scripts/switch/routing/marker.ts';
import { parseSwitchArgs } from '../../../../scripts/switch/command/command-line.ts';
import { planSwitch } from '../../../../scripts/switch/plan.ts';
import { host, recordedFile, routing } from '../recorded.ts';

describe('fisherExact', () => {
  // The lady tasting tea: 3 of 4 right has p = 17/70, 4 of 4 has 1/70.
  it('Fisher’s exact test agrees with the published values', () => {
    expect(fisherExact({ requests: 4, errors: 3 }, { requests: 4, errors: 1 })).toBeCloseTo(17 / 70, 12);
    expect(fisherExact({ requests: 4, errors: 4 }, { requests: 4, errors: 0 })).toBeCloseTo(1 / 70, 12);
  });

  it('Fisher’s exact test sees nothing in no errors, little in one, and much in many', () => {
    expect(fisherExact({ requests: 100, errors: 0 }, { requests: 1900, errors: 0 })).toBe(1);
    expect(fisherExact({ requests: 100, errors: 1 }, { requests: 1900, errors: 2 })).toBeGreaterThan(0.01);
    expect(fisherExact({ requests: 100, errors: 10 }, { requests: 1900, errors: 5 })).toBeLessThan(1e-6);
  });

  it('Fisher’s exact test does not hold errors against the new version that the old one has too', () => {
    expect(fisherExact({ requests: 5000, errors: 50 }, { requests: 95_000, errors: 950 })).toBeGreaterThan(
      0.4,
    );
  });
});

describe('evidence', () => {
  it('evidence is read from the counters of a real gateway', () => {
    const { body } = recordedFile<{ body: { name: string } }>('gateway.clusters-one-cluster');
    const statuses = { cluster_statuses: [{ ...body, name: `outbound|8080|v2|${host}` }] };
    const counts = samplesOf(hostCounters(statuses, routing));
    expect([...counts.keys()]).toEqual(['v2']);
    expect(counts.get('v2')?.errors).toBe(0);
    expect(counts.get('v2')?.requests).toBeGreaterThan(3418);
  });
});

describe('what counters have gained', () => {
  const at = (proxy: string, counters: Record<string, number>) =>
    [proxy, new Map(Object.entries(counters))] as const;
  /** Looks again and again; what each look gives. */
  const looks = (...all: (readonly [string, Map<string, number>])[][]) => {
    const gained = createIncrease();
    return all.map((answers) => Object.fromEntries(gained(new Map(answers))));
  };

  it('the increase is what was counted since the first look, at all sources together', () => {
    expect(
      looks(
        [at('gateway', { v1: 100, v2: 0 }), at('client', { v1: 7, v2: 1 })],
        [at('gateway', { v1: 150, v2: 4 }), at('client', { v1: 7, v2: 2 })],
      ),
    ).toEqual([
      { v1: 0, v2: 0 },
      { v1: 50, v2: 5 },
    ]);
  });

  it('the increase is not lost when a source begins anew', () => {
    const [, , last] = looks(
      [at('gateway', { v1: 1000, v2: 10 })],
      [at('gateway', { v1: 1400, v2: 60 })],
      [at('gateway', { v1: 30, v2: 5 })],
    );
    expect(last).toEqual({ v1: 430, v2: 55 });
  });

  it('the increase is kept while a source does not answer, and begins with its first answer', () => {
    const [, second, third] = looks(
      [at('gateway', { v1: 100 })],
      [at('client', { v1: 5000 })],
      [at('gateway', { v1: 110 }), at('client', { v1: 5001 })],
    );
    expect(second).toEqual({ v1: 0 });
    expect(third).toEqual({ v1: 11 });
  });

  it('the increase counts an endpoint that comes, and one that goes and comes back, from 0', () => {
    const [, , , last] = looks(
      [at('gateway', { old: 100 })],
      [at('gateway', { old: 120, fresh: 7 })],
      [at('gateway', { fresh: 9 })],
      [at('gateway', { fresh: 9, old: 130 })],
    );
    expect(last).toEqual({ old: 150, fresh: 9 });
  });
});

describe('--canary', () => {
  const parse = (canary: string) =>
    parseSwitchArgs(['--to', 'v2', '--canary', canary], { defaultTemplates: 'x' }).options.canary;

  it('--canary reads ascending percents and refuses anything else', () => {
    expect(parse('5,25,50')).toEqual([5, 25, 50]);
    for (const wrong of ['', '0', '100', '25,5', '5,5', 'a', '1.5'])
      expect(() => parse(wrong)).toThrow('--canary must be');
  });

  it('--canary puts the shares between the new subset and the whole traffic', () => {
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
      'restore-names',
    ]);
  });

  it('--canary gives each share a name of its own that still belongs to the switch', () => {
    const marker = createMarker('v1', 'v2', '0123abcd');
    const five = withMarker('main', `${marker}-p5`);
    expect(withMarker(five, `${marker}-p50`)).toBe(`main--${marker}-p50`);
    expect(hasMarker({ name: five }, marker)).toBe(true);
    expect(hasMarker({ name: withMarker(five, marker) }, marker)).toBe(true);
    expect(hasMarker({ name: 'main' }, marker)).toBe(false);
    // Whichever run of the switch wrote it.
    const third = createMarker('v1', 'v2', '0123abcd', 3);
    expect(withMarker(five, `${third}-p50`)).toBe('main--switch-v1-to-v2-0123abcd-r3-p50');
    expect(hasMarker({ name: five }, third)).toBe(true);
    expect(hasMarker({ name: withMarker('main', third) }, marker)).toBe(true);
    expect(hasMarker({ name: five }, createMarker('v1', 'v2', 'ffffffff'))).toBe(false);
  });
});
