import type { RunView } from './run-view.ts';

/** The whole state of the live page: each message has all of it, so that a reload loses nothing. */
export interface LiveView {
  /** What is drawn; undefined before the first load and between two runs. */
  run: RunView | undefined;
  title: string;
  /** What happens now, in a few words. */
  doing: string;
  sent: number;
  lost: number;
  /** The newest last; the page announces each to a screen reader. */
  events: LiveEvent[];
  /** The account so far, line by line. */
  account: [what: string, count: string][];
  /** The buttons; none on a read-only page. */
  panels: Panel[];
  done: DoneRun[];
  toCome: string[];
  over: boolean;
}

export type Tone = 'act' | 'good' | 'bad' | 'note';

export interface LiveEvent {
  /** Counts up; the number beside the line in the charts. */
  id: number;
  atMs: number;
  text: string;
  /** `act`: somebody did it; the others: it came of it. */
  tone: Tone;
}

export interface DoneRun {
  title: string;
  weather: string;
  sent: number;
  lost: number | undefined;
  verdict: string;
  why: string;
}

/** Buttons that belong together, with the fields they share. */
export interface Panel {
  id: string;
  title: string;
  fields: Field[];
  actions: Action[];
}

export interface Action {
  id: string;
  label: string;
  /** What it will do. */
  does: string;
  /** Why it cannot be done now. */
  cannot?: string | undefined;
  /** `go` is what one came for, `harm` what breaks something. */
  tone?: 'go' | 'harm';
}

export type Field =
  | { id: string; label: string; choices: { value: string; label: string }[]; value: string }
  | { id: string; label: string; min: number; max: number; step: number; unit: string; value: string };
