import { parseArgs } from 'node:util';
import { parseDuration } from '../shared/duration.ts';
import { UsageError } from '../shared/errors.ts';
import {
  chooseRuns,
  findScenario,
  scenarioIds,
  scenarios,
  sweepIds,
  weathers,
  type Run,
  type Scenario,
} from './scenarios.ts';
import { demoDefaults, quickDefaults, type DemoSettings } from './settings.ts';

const seconds = (ms: number): string => `${ms / 1000}s`;

export const usage = `Releases a new version under load in several ways, each on a fresh playground, and counts what the callers lost.

Usage: npm run demo -- [flags]

  --scenario ID      only this one; repeatable (see below)
  --weather NAME     calm: delays as measured; rough: one proxy is late; repeatable
  --all              every scenario in both weathers
  --sweep LAGS       losses over lag: each approach at each of these lags, such as 0s,1s,2s,5s,8s,12s,20s,30s;
                     continues a broken-off one with the same --out
  --live             shows the runs in a browser while they happen, on this machine only
  --quick            shorter loads, the same lags
  --lag TIME         how late the late proxy is in rough weather (${seconds(demoDefaults.lagMs)})
  --qps N            requests per second (${demoDefaults.qps})
  --connections N    connections of the load, kept alive (${demoDefaults.connections})
  --duration TIME    shortest load (${seconds(demoDefaults.loadMs)}; always until ${seconds(demoDefaults.tailMs)} after the release)
  --seed N           makes the playground's delays repeatable (${demoDefaults.seed})
  --out DIR          where report.html, report.md and report.json go (default: a new folder under the system's temp)
  --json             the report as one JSON document on stdout
  --help

Scenarios:
${scenarios.map(({ id, title }) => `  ${id.padEnd(22)} ${title}`).join('\n')}

Exit code 0 if every run that must lose nothing lost nothing, else 1.

Example: npm run demo -- --scenario istio-script --scenario istio-switch --weather rough --lag 8s
`;

export type DemoCommand = { help: true } | ({ help: false } & DemoCommandOptions);

export interface DemoCommandOptions {
  runs: Run[];
  settings: DemoSettings;
  json: boolean;
  live: boolean;
  outDir: string | undefined;
  /** Set for a sweep: how late the slowest proxy is, in milliseconds, one after the other. */
  sweep: { lagsMs: number[]; scenarios: Scenario[] } | undefined;
}

export function readCommandLine(argv: string[]): DemoCommand {
  const { values } = parseArgs({
    args: argv,
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      weather: { type: 'string', multiple: true, default: [] },
      all: { type: 'boolean', default: false },
      sweep: { type: 'string' },
      live: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      lag: { type: 'string' },
      qps: { type: 'string' },
      connections: { type: 'string' },
      duration: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { help: true };
  const base = values.quick ? quickDefaults : demoDefaults;
  const duration = (flag: string, text: string | undefined, fallback: number): number =>
    text === undefined ? fallback : parseDuration(text, flag);
  const ids = values.scenario.map((id) => oneOf('--scenario', id, scenarioIds));
  if (values.sweep !== undefined && (values.weather.length > 0 || values.lag !== undefined)) {
    throw new UsageError('--sweep chooses the lags itself: leave out --weather and --lag.');
  }
  if (values.sweep !== undefined && values.live)
    throw new UsageError('--live shows releases, not a --sweep.');
  return {
    help: false,
    sweep:
      values.sweep === undefined
        ? undefined
        : {
            lagsMs: readLags(values.sweep),
            scenarios: (values.all ? scenarioIds : ids.length > 0 ? ids : sweepIds).map(findScenario),
          },
    runs: chooseRuns({
      all: values.all,
      scenarios: ids,
      weathers: values.weather.map((name) => oneOf('--weather', name, weathers)),
    }),
    settings: {
      ...base,
      lagMs: duration('--lag', values.lag, base.lagMs),
      loadMs: duration('--duration', values.duration, base.loadMs),
      qps: wholeNumber('--qps', values.qps, base.qps, 1, 10_000),
      connections: wholeNumber('--connections', values.connections, base.connections, 1, 1_000),
      seed: wholeNumber('--seed', values.seed, base.seed, 0, 2 ** 31 - 1),
    },
    json: values.json,
    live: values.live,
    outDir: values.out,
  };
}

/** Ascending, each once. Longer than two minutes is longer than a release may take. */
function readLags(text: string): number[] {
  const lags = text.split(',').map((part) => parseDuration(part.trim(), '--sweep'));
  const longest = 120_000;
  if (lags.some((ms) => ms > longest)) {
    throw new UsageError(`--sweep goes up to ${seconds(longest)}, got "${text}".`);
  }
  return [...new Set(lags)].sort((a, b) => a - b);
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw new UsageError(`${flag} must be one of ${known.join(', ')}; got "${text}".`);
  return found;
}

function wholeNumber(
  flag: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`${flag} must be a whole number from ${min} to ${max}, got "${text}".`);
  }
  return value;
}
