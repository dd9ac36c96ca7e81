import type { TimelineSlot } from './account.ts';

/** Width of a slot. */
export const slotMs = 100;

export interface Timeline {
  add(dueMs: number, end: { version: string } | { loss: string }): void;
  slots(): TimelineSlot[];
}

/** Requests by the time they were due: with a steady rate every slot is equally high, and a hole cannot hide. */
export function createTimeline(): Timeline {
  const slots: TimelineSlot[] = [];
  return {
    add(dueMs, end) {
      const index = Math.floor(dueMs / slotMs);
      while (slots.length <= index) slots.push({ atMs: slots.length * slotMs, ok: {}, lost: {} });
      const slot = slots[index];
      if (!slot) return;
      if ('version' in end) slot.ok[end.version] = (slot.ok[end.version] ?? 0) + 1;
      else slot.lost[end.loss] = (slot.lost[end.loss] ?? 0) + 1;
    },
    slots: () => slots,
  };
}
