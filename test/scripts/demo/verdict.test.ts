import { describe, expect, it } from '@jest/globals';
import { findScenario, scenarioIds, type ScenarioId, type Weather } from '../../../scripts/demo/scenarios.ts';
import { expectationOf, judge, passes } from '../../../scripts/demo/verdict.ts';
import { accountWith } from './account.ts';

const expectation = (id: ScenarioId, weather: Weather, lagMs = 12_000) =>
  expectationOf({ scenario: findScenario(id), weather }, lagMs);

describe('what a scenario is expected to do', () => {
  it('is the table of the design at the default lag', () => {
    const table = Object.fromEntries(
      scenarioIds.map((id) => [id, `${expectation(id, 'calm')} ${expectation(id, 'rough')}`]),
    );
    expect(table).toEqual({
      'plain-naive': 'some some',
      'plain-correct': 'none none',
      'istio-rolling-naive': 'some some',
      'istio-rolling-classic': 'none some',
      'istio-rolling-native': 'none none',
      'istio-script': 'none some',
      'istio-switch': 'none none',
      'istio-switch-correct': 'none none',
    });
  });

  it('follows the lag: the script breaks beyond its waits, the native pod beyond its deadline, the switch never', () => {
    expect(expectation('istio-script', 'rough', 2_000)).toBe('none');
    expect(expectation('istio-script', 'rough', 7_000)).toBe('either');
    expect(expectation('istio-rolling-native', 'rough', 60_000)).toBe('some');
    expect(expectation('istio-switch', 'rough', 600_000)).toBe('none');
  });
});

describe('the verdict', () => {
  const lossless = accountWith({});
  const lossy = accountWith({ ok: 9_999, lost: 1 });

  it('is broken by a single lost request where nothing may be lost', () => {
    expect(judge('none', lossless, undefined)).toBe('kept');
    expect(judge('none', lossy, undefined)).toBe('broken');
  });

  it('tells whether a loss that was to be seen was seen', () => {
    expect(judge('some', lossy, undefined)).toBe('shown');
    expect(judge('some', lossless, undefined)).toBe('not shown');
  });

  it('promises nothing near the limit', () => {
    expect(judge('either', lossy, undefined)).toBe('open');
  });

  it('is a failure when the release failed or nothing was sent, even without a loss', () => {
    expect(judge('none', lossless, 'gateway not proven')).toBe('failed');
    expect(judge('none', accountWith({ sent: 0, ok: 0 }), undefined)).toBe('failed');
    expect(judge('some', undefined, undefined)).toBe('failed');
  });

  it('fails the demo only when a promise was broken or a run failed', () => {
    expect((['kept', 'broken', 'shown', 'not shown', 'open', 'failed'] as const).filter(passes)).toEqual([
      'kept',
      'shown',
      'not shown',
      'open',
    ]);
  });
});
