import { describe, expect, it } from '@jest/globals';
import { findScenario, type ScenarioId } from '../../../../scripts/demo/scenarios.ts';
import { findingOf } from '../../../../scripts/demo/sweep/findings.ts';
import {
  drawSweepTable,
  renderSweepHtml,
  renderSweepMarkdown,
} from '../../../../scripts/demo/sweep/render-sweep.ts';
import { runAt } from '../../../../scripts/demo/sweep/run-sweep.ts';
import { createRemaining, estimateRunMs } from '../../../../scripts/demo/sweep/remaining.ts';
import { demoDefaults } from '../../../../scripts/demo/settings.ts';
import { expectationOf, judge } from '../../../../scripts/demo/verdict.ts';
import { accountWith } from '../account.ts';
import { point } from './point.ts';

describe('what a sweep finds', () => {
  it('is the lag between which an approach holds and breaks', () => {
    const points = [
      point('istio-script', 12_000, 90),
      point('istio-script', 0, 0),
      point('istio-script', 5_000, 0),
    ];
    const finding = findingOf(findScenario('istio-script'), [...points, point('istio-switch', 0, 7)]);
    expect(finding).toMatchObject({ holdsAtMs: 5_000, breaksAtMs: 12_000, differences: [] });
    expect(finding.measured).toBe('breaks between 5 s and 12 s');
    expect(finding.expected).toBe(
      'breaks between 4 s and 11 s (2 s from the subset to the route and 5 s from there to the end of v1)',
    );
  });

  it('says of an approach that never lost how far that was tried', () => {
    const finding = findingOf(findScenario('istio-switch'), [
      point('istio-switch', 0, 0),
      point('istio-switch', 30_000, 0),
    ]);
    expect(finding.measured).toBe('none lost up to 30 s');
    expect(finding.breaksAtMs).toBeUndefined();
  });

  it('calls a loss where none was expected a difference', () => {
    const { differences } = findingOf(findScenario('istio-switch'), [point('istio-switch', 2_000, 3)]);
    expect(differences).toEqual(['lost 3 at 2 s, expected none']);
  });

  it('calls no loss where one was expected a difference too', () => {
    const { differences } = findingOf(findScenario('istio-script'), [point('istio-script', 20_000, 0)]);
    expect(differences).toEqual(['lost nothing at 20 s, expected losses from 11 s on']);
  });

  it("calls a verdict other than the real cluster's a difference, wherever that was measured", () => {
    const at = (lost: number) =>
      findingOf(findScenario('istio-script'), [point('istio-script', 8_000, lost)]);
    expect(at(75).differences).toEqual([]);
    expect(at(0).differences).toEqual(['lost 0 at 8 s, the real cluster 172 to 278 of 14000']);
    const calm = findingOf(findScenario('istio-rolling-native'), [point('istio-rolling-native', 12_000, 4)]);
    expect(calm.differences).toContain('lost 4 at 12 s, the real cluster none of 17000');
  });

  it('draws no conclusion from a run that failed', () => {
    const failed = { ...point('istio-script', 20_000, 0), verdict: 'failed' as const };
    const finding = findingOf(findScenario('istio-script'), [failed]);
    expect(finding).toMatchObject({ measured: 'not measured', differences: [] });
  });
});

describe('the report of a sweep', () => {
  const findings = [
    findingOf(findScenario('istio-switch'), [point('istio-switch', 0, 0), point('istio-switch', 2_000, 3)]),
  ];

  it('prints the losses over lag and each difference', () => {
    const text = drawSweepTable(findings, [0, 2_000]);
    expect(text).toMatch(/^istio-switch +0 +3$/m);
    expect(text).toContain('DIFFERS: lost 3 at 2 s, expected none');
  });

  it('has the same numbers as a page and as Markdown', () => {
    const markdown = renderSweepMarkdown(findings, [0, 2_000], demoDefaults);
    expect(markdown).toContain('| `istio-switch` | 0 | 3 | breaks between 0 s and 2 s |');
    expect(markdown).toContain('| 0 s: none of 11,000; 8 s: none of 15,000 |');
    const page = renderSweepHtml(findings, [0, 2_000], demoDefaults, { css: '', script: '' });
    expect(page).toContain('id="chart-sweep"');
    expect(page).toContain('lost 3 at 2 s, expected none');
  });
});

describe('the plan of a sweep', () => {
  it('takes no lag for calm weather and expects what the parameters say', () => {
    const expected = (id: ScenarioId, lagMs: number) => expectationOf(runAt(findScenario(id), lagMs), lagMs);
    expect([0, 2_000, 12_000].map((lag) => expected('istio-script', lag))).toEqual(['none', 'none', 'some']);
    expect(expected('istio-rolling-naive', 0)).toBe('some');
    expect(judge('none', accountWith({ lost: 1 }), undefined)).toBe('broken');
  });

  it('learns the remaining time from the runs that are over', () => {
    const remaining = createRemaining();
    const estimates = [0, 10_000].map((lagMs) => estimateRunMs(lagMs, demoDefaults));
    expect(estimates).toEqual([26_000, 31_000]);
    expect(remaining.leftMs(estimates)).toBe(57_000);
    remaining.done(26_000, 52_000);
    expect(remaining.leftMs([31_000])).toBe(62_000);
  });
});
