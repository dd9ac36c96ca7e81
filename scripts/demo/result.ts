import type { Account } from '../load/index.ts';
import type { Observation } from './observe/observation.ts';
import type { ScenarioId, Weather } from './scenarios.ts';
import type { Expectation, Verdict } from './verdict.ts';

/** One step of a release, on the clock of its load. */
export interface ReleaseStep {
  name: string;
  atMs: number;
  durationMs: number;
  /** Its proof, in the switch's words. */
  detail?: string;
}

export interface ScenarioResult {
  id: ScenarioId;
  weather: Weather;
  title: string;
  shows: string;
  expected: Expectation;
  verdict: Verdict;
  /** The load's account. Missing only when the run failed before its load. */
  account: Account | undefined;
  /** From the first change to the last old pod's end. */
  releaseMs: number;
  /** When the release began, after the start of the load. */
  releaseAtMs: number;
  steps: ReleaseStep[];
  /** From the start of a fresh playground to the first answer. */
  firstCoffeeMs: number;
  /** The pods and proxies during the run. Missing only when the run failed before its load. */
  observation?: Observation;
  /** Why the run failed. */
  error?: string;
}
