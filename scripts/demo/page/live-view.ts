import type { RunView } from './run-view.ts';

/** The whole state of the live page: each message carries all of it, so that a reload misses nothing. */
export interface LiveView {
  /** The run on stage; undefined before the first load and between two runs. */
  run: RunView | undefined;
  title: string;
  /** What happens now, in a few words. */
  doing: string;
  sent: number;
  lost: number;
  done: {
    title: string;
    weather: string;
    sent: number;
    lost: number | undefined;
    verdict: string;
    why: string;
  }[];
  toCome: string[];
  over: boolean;
}
