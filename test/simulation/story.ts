/**
 * What happened, line by line, for whoever replays a seed. Nothing is
 * written unless somebody wants to read it.
 */
import type { Timeline } from './time/timeline.ts';

export interface Story {
  /** `who` did `what`; the text is made only when it is read. */
  tell(who: string, what: () => string): void;
  readonly lines: readonly string[];
  readonly isRead: boolean;
}

export function createStory(timeline: Timeline, isRead: boolean): Story {
  const lines: string[] = [];
  return {
    lines,
    isRead,
    tell(who, what) {
      if (!isRead) return;
      lines.push(`${(timeline.now() / 1000).toFixed(3).padStart(9)} s  ${who.padEnd(12)} ${what()}`);
    },
  };
}
