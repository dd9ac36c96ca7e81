import type { LiveEvent, Tone } from '../../page/live-view.ts';

export interface StageLog {
  note(text: string, tone?: Tone, atMs?: number): void;
  events(): LiveEvent[];
}

const kept = 60;

/** What was done on the stage and what came of it, the last of it. */
export function createLog(now: () => number): StageLog {
  const events: LiveEvent[] = [];
  let last = 0;
  return {
    note(text, tone = 'note', atMs = now()) {
      events.push({ id: (last += 1), atMs: Math.round(atMs), text, tone });
      if (events.length > kept) events.shift();
    },
    events: () => [...events],
  };
}
