import { createCounts, type TimelineSlot } from '../../load/index.ts';

export interface RecentSlots {
  /** What ended since the last call, in slots of a load that began at `fromMs`. */
  add(news: readonly TimelineSlot[], fromMs?: number): void;
  /** The slots from the oldest kept to the newest. */
  slots(): TimelineSlot[];
  clear(): void;
}

/**
 * Requests by the time they were due, for the last `keptMs`
 * milliseconds: older ones are dropped, however long a load lasts.
 */
export function createRecentSlots(keptMs: number): RecentSlots {
  const slots = new Map<number, TimelineSlot>();
  let newestMs = 0;
  return {
    add(news, fromMs = 0) {
      for (const { atMs, ok, lost } of news) {
        const at = Math.round(fromMs + atMs);
        newestMs = Math.max(newestMs, at);
        // It ended so late that its slot is already dropped; the account has it.
        if (at < newestMs - keptMs) continue;
        const slot = slots.get(at) ?? { atMs: at, ok: createCounts(), lost: createCounts() };
        slots.set(at, slot);
        increase(slot.ok, ok);
        increase(slot.lost, lost);
      }
      for (const at of slots.keys()) if (at < newestMs - keptMs) slots.delete(at);
    },
    slots: () => [...slots.values()].sort((a, b) => a.atMs - b.atMs),
    clear: () => slots.clear(),
  };
}

function increase(counts: Record<string, number>, by: Record<string, number>): void {
  for (const [key, n] of Object.entries(by)) counts[key] = (counts[key] ?? 0) + n;
}
