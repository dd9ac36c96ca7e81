import { describe, expect, it } from '@jest/globals';
import { readCommandLine } from '../../../scripts/demo/command-line.ts';

function runsOf(...argv: string[]): string[] {
  const command = readCommandLine(argv);
  return command.help ? [] : command.runs.map(({ scenario, weather }) => `${scenario.id} ${weather}`);
}

function settingsOf(...argv: string[]) {
  const command = readCommandLine(argv);
  if (command.help) throw new Error('help');
  return command.settings;
}

describe('npm run demo', () => {
  it('runs the story in six scenarios when nothing is said', () => {
    expect(runsOf()).toEqual([
      'plain-naive calm',
      'plain-correct calm',
      'istio-rolling-naive calm',
      'istio-rolling-classic rough',
      'istio-script rough',
      'istio-switch rough',
    ]);
  });

  it('runs the whole matrix with --all', () => {
    expect(runsOf('--all')).toHaveLength(16);
    expect(new Set(runsOf('--all')).size).toBe(16);
    expect(runsOf('--all', '--weather', 'calm')).toHaveLength(8);
  });

  it('runs a scenario in the weather of the story, or in the one that was named', () => {
    expect(runsOf('--scenario', 'istio-script')).toEqual(['istio-script rough']);
    expect(runsOf('--scenario', 'istio-switch-correct')).toEqual(['istio-switch-correct calm']);
    expect(
      runsOf('--scenario=istio-script', '--scenario=istio-switch', '--weather=calm', '--weather=rough'),
    ).toEqual(['istio-script calm', 'istio-script rough', 'istio-switch calm', 'istio-switch rough']);
  });

  it("uses the article's load, and with --quick a shorter one with the same lag", () => {
    expect(settingsOf()).toMatchObject({
      qps: 500,
      connections: 50,
      loadMs: 20_000,
      tailMs: 3_000,
      lagMs: 12_000,
    });
    expect(settingsOf('--quick')).toMatchObject({ qps: 500, connections: 50, lagMs: 12_000 });
    expect(settingsOf('--quick').loadMs).toBeLessThan(20_000);
    expect(settingsOf('--lag=8s', '--qps=50', '--connections=5', '--duration=2s', '--seed=7')).toMatchObject({
      lagMs: 8_000,
      qps: 50,
      connections: 5,
      loadMs: 2_000,
      seed: 7,
    });
  });

  it('routes by VirtualService, or by HTTPRoute with --routing', () => {
    expect(settingsOf().routing).toBe('virtual-service');
    expect(settingsOf('--routing', 'http-route').routing).toBe('http-route');
  });

  it.each([
    [['--routing=gateway'], '--routing must be one of virtual-service, http-route; got "gateway"'],
    [['--routing=http-route', '--context=kind'], '--routing http-route is for the playground'],
    [['--scenario=plain'], '--scenario must be one of plain-naive,'],
    [['--weather=stormy'], '--weather must be one of calm, rough; got "stormy"'],
    [['--qps=0'], '--qps must be a whole number from 1'],
    [['--connections=many'], '--connections must be a whole number from 1'],
    [['--lag=12'], '--lag must be a duration'],
    [['--fast'], "Unknown option '--fast'"],
    [['extra'], "Unexpected argument 'extra'"],
  ])('refuses %j', (argv, message) => {
    expect(() => readCommandLine(argv)).toThrow(message);
  });
});
