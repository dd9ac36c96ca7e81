import type { LiveEvent, Tone } from '../../page/live-view.ts';

export interface StageLog {
  note(text: string, tone?: Tone, atMs?: number): void;
  events(): LiveEvent[];
}

const kept = 60;

/** The latest actions on the stage, and their results. */
export function createLog(now: () => number): StageLog {
  const events: LiveEvent[] = [];
  let last = 0;
  return {
    note(text, tone = 'note', atMs = now()) {
      const event = { atMs: Math.round(atMs), text, tone };
      const before = events.at(-1);
      // The same message with another number, such as the seconds left, replaces the last one.
      if (before?.tone === 'note' && tone === 'note' && masked(before.text) === masked(text)) {
        events[events.length - 1] = { ...event, id: before.id };
        return;
      }
      events.push({ ...event, id: (last += 1) });
      if (events.length > kept) events.shift();
    },
    events: () => [...events],
  };
}

const masked = (text: string): string => text.replace(/[\d.]+/g, '#');
