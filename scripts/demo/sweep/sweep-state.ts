import path from 'node:path';
import type { Account } from '../../load/index.ts';
import { messageOf, UsageError } from '../../shared/errors.ts';
import { NotReadableError, readRegularFile } from '../../shared/regular-file.ts';
import { writeWholeFile } from '../../shared/whole-file.ts';
import type { ScenarioId } from '../scenarios.ts';
import type { DemoSettings } from '../settings.ts';
import type { Expectation, Verdict } from '../verdict.ts';

/** One approach at one lag. */
export interface SweepPoint {
  id: ScenarioId;
  lagMs: number;
  expected: Expectation;
  verdict: Verdict;
  releaseMs: number;
  /** Why requests were lost, or why not. */
  why: string[];
  account: Account | undefined;
  error?: string;
}

export type SweepSettings = Omit<DemoSettings, 'lagMs'>;

/** The state of a sweep, written to its folder after every run, so that the next one can continue. */
export interface SweepState {
  settings: SweepSettings;
  points: SweepPoint[];
}

export const sweepFile = 'sweep.json';
/** A run of a sweep has a few KB. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The state of a sweep that was begun in this folder; undefined when
 * there is none. Throws when its settings differ.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- callers may count on a promise
export async function readSweep(folder: string, settings: SweepSettings): Promise<SweepState | undefined> {
  const file = path.join(folder, sweepFile);
  let text: string;
  try {
    text = readRegularFile(file, { maxBytes: MAX_BYTES }).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof NotReadableError)) throw error;
    throw new UsageError(`${file} ${error.message}. Choose another --out.`, { cause: error });
  }
  const state = parsed(text, file);
  const keys = Object.keys(settings) as (keyof SweepSettings)[];
  const other = keys.find((key) => state.settings[key] !== settings[key]);
  if (other !== undefined) {
    throw new UsageError(
      `${file} was begun with ${other} ${String(state.settings[other])}, not ${String(settings[other])}. Use the same flags, or another --out.`,
    );
  }
  return state;
}

function parsed(text: string, file: string): SweepState {
  let state: Partial<SweepState> | null;
  try {
    state = JSON.parse(text) as Partial<SweepState> | null;
  } catch (error) {
    throw new UsageError(`${file} is no sweep: ${messageOf(error)}. Choose another --out.`, { cause: error });
  }
  const { settings, points } = state ?? {};
  if (typeof settings !== 'object' || (settings as unknown) === null || !Array.isArray(points))
    throw new UsageError(`${file} is no sweep: it has no settings or no points. Choose another --out.`);
  return { settings, points };
}

/**
 * Atomic: a kill leaves the old file or the new one.
 * @throws CommandError that names the file
 */
export function writeSweep(folder: string, state: SweepState): void {
  writeWholeFile(path.join(folder, sweepFile), `${JSON.stringify(state)}\n`);
}
