import type { TimelineSlot } from './account.ts';
import { createCounts } from './names.ts';

/** Width of a slot. */
export const slotMs = 100;

export interface Timeline {
  add(dueMs: number, end: { version: string } | { loss: string }): void;
  slots(): TimelineSlot[];
  /** What ended since the last call, by the slot in which it was due. */
  takeNews(): TimelineSlot[];
}

/**
 * Requests by the time they were due: with a steady rate every slot is equally high, and a hole cannot hide.
 */
export function createTimeline(): Timeline {
  const slots: TimelineSlot[] = [];
  let news = new Map<number, TimelineSlot>();
  return {
    add(dueMs, end) {
      const index = Math.floor(dueMs / slotMs);
      while (slots.length <= index) slots.push(emptySlot(slots.length));
      const fresh = news.get(index) ?? emptySlot(index);
      news.set(index, fresh);
      count(slots[index], end);
      count(fresh, end);
    },
    slots: () => slots,
    takeNews() {
      const taken = [...news.values()];
      news = new Map();
      return taken;
    },
  };
}

const emptySlot = (index: number): TimelineSlot => ({
  atMs: index * slotMs,
  ok: createCounts(),
  lost: createCounts(),
});

function count(slot: TimelineSlot | undefined, end: { version: string } | { loss: string }): void {
  if (!slot) return;
  if ('version' in end) slot.ok[end.version] = (slot.ok[end.version] ?? 0) + 1;
  else slot.lost[end.loss] = (slot.lost[end.loss] ?? 0) + 1;
}
