import { startLoadProcess, type Account, type LoadProcess, type LoadProgress } from '../../../load/index.ts';
import { formatDuration } from '../../../shared/duration.ts';
import { messageOf } from '../../../shared/errors.ts';
import { count } from '../../report/facts.ts';
import { order } from '../../settings.ts';
import { describeLosses } from '../../table.ts';
import type { Counts } from '../account-rows.ts';
import { createRecentSlots, type RecentSlots } from '../recent-slots.ts';
import type { StageContext } from './context.ts';
import type { StagePanel } from './panel.ts';

export const connections = 50;
/** Limits of the load on stage, where nobody benchmarks a machine. */
const rate = { min: 10, max: 1_000, usual: 500 };
/** Longest duration: a forgotten load ends by itself. */
const longestMs = 15 * 60_000;
/** A series of losses is over after this time without one, in milliseconds. */
const spellEndsMs = 2_000;

export interface StageLoad {
  panel(): StagePanel;
  state: () => 'off' | 'starting' | 'on' | 'stopping';
  /** The load that runs, or the last one. */
  counts(): Counts | undefined;
  /** Counts of all loads since the stage opened, by which a release is measured. */
  totals(): { sent: number; lost: number };
  slots: RecentSlots;
  close(): Promise<void>;
}

/** The load of `npm run load`, in a process of its own, switched on and off. */
export function createLoad(
  context: StageContext,
  { keptMs, isStageBeingSet }: { keptMs: number; isStageBeingSet: () => boolean },
): StageLoad {
  const { log, now } = context;
  const slots = createRecentSlots(keptMs);
  let state: ReturnType<StageLoad['state']> = 'off';
  let running: LoadProcess | undefined;
  let latest: LoadProgress | undefined;
  /** Counts of the loads before this one. */
  let before = { sent: 0, lost: 0 };
  let spell: { lost: number; fromMs: number; lastMs: number } | undefined;

  const onProgress = (progress: LoadProgress, beganMs: number): void => {
    const lost = progress.lost - (latest?.lost ?? 0);
    latest = progress;
    slots.add(progress.news ?? [], beganMs);
    if (lost > 0) {
      if (!spell) log.note(`Requests are being lost (${kindsOf(progress)})`, 'bad');
      spell = { fromMs: now(), ...spell, lost: (spell?.lost ?? 0) + lost, lastMs: now() };
    } else if (spell && now() - spell.lastMs > spellEndsMs) endSpell();
  };
  const endSpell = (): void => {
    if (!spell) return;
    const { lost, fromMs, lastMs } = spell;
    log.note(`${count(lost)} requests lost within ${formatDuration(Math.max(100, lastMs - fromMs))}`, 'bad');
    spell = undefined;
  };
  const totals = (): { sent: number; lost: number } => ({
    sent: before.sent + (latest?.sent ?? 0),
    lost: before.lost + (latest?.lost ?? 0),
  });

  const start = async (qps: number): Promise<void> => {
    state = 'starting';
    try {
      let beganMs: number | undefined;
      before = totals();
      latest = undefined;
      const load = await startLoadProcess({
        ...{ url: context.ordersUrl, qps, connections, method: order.method, body: order.body },
        ...{ timeline: true, longestMs },
        onProgress: (progress) => onProgress(progress, (beganMs ??= now() - progress.elapsedMs)),
      });
      running = load;
      void load.account.then(ended, (error: unknown) => ended(undefined, messageOf(error)));
      await load.started;
      state = 'on';
      log.note(`Load on: ${count(qps)} orders/s over ${connections} connections`, 'act');
    } catch (error) {
      if (!running) state = 'off';
      throw error;
    }
  };
  const cannotStart = (): string | undefined => {
    if (state !== 'off') return state === 'stopping' ? 'it is just ending' : 'it runs already';
    return isStageBeingSet() ? 'the stage is being set' : undefined;
  };
  const ended = (account: Account | undefined, why?: string): void => {
    running = undefined;
    state = 'off';
    endSpell();
    if (context.signal.aborted) return;
    if (!account) {
      log.note(`The load ended: ${why ?? 'no account'}`, 'bad');
      return;
    }
    const { lost, sent } = account;
    const how = lost > 0 ? ` (${describeLosses(account)})` : '';
    log.note(`Load off: ${count(lost)} of ${count(sent)} lost${how}`, lost > 0 ? 'bad' : 'good');
  };

  return {
    slots,
    totals,
    state: () => state,
    counts: () => latest,
    panel: () => ({
      id: 'load',
      title: 'The load',
      fields: [
        {
          ...{ id: 'qps', label: 'Orders', unit: 'per second', value: String(rate.usual) },
          ...{ min: rate.min, max: rate.max, step: 10 },
        },
      ],
      actions: [
        {
          ...{ id: 'start-load', label: 'Start the load', tone: 'go' },
          does: `orders over ${connections} connections, never repeated`,
          cannot: cannotStart(),
          run: ({ qps }) => start(Number(qps)),
        },
        {
          ...{ id: 'stop-load', label: 'Stop the load' },
          does: 'what was sent is still answered and counted',
          cannot: state === 'on' ? undefined : 'no load runs',
          run() {
            state = 'stopping';
            void running?.stop().catch(() => undefined);
          },
        },
      ],
    }),
    close: async () => running?.kill(),
  };
}

/** `503 and reset` */
function kindsOf({ byStatus, byError }: LoadProgress): string {
  const statuses = Object.keys(byStatus).filter((status) => Number(status) >= 300);
  const errors = Object.entries(byError).flatMap(([kind, n]) => (n > 0 ? [kind] : []));
  return [...statuses, ...errors].join(' and ');
}
