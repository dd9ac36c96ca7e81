/** Hundreds of switches, several at a time: each lane is a coffee-shop of its own with a load of its own. */
import { expect } from '@jest/globals';
import { messageOf } from '../../../scripts/shared/errors.ts';
import { startQuickCoffee, type QuickCoffee } from './quick-coffee.ts';

/** Most of a switch is waiting: two quiet cores carry four lanes. MATRIX_LANES says otherwise. */
const LANES = Number(process.env['MATRIX_LANES'] ?? (process.env['MATRIX'] === 'full' ? 4 : 2));

/** The longest case is two switches that both run out of their step's time; what takes longer hangs. */
const LONGEST_CASE_MS = 120_000;

export async function openLanes(): Promise<QuickCoffee[]> {
  const opened = await Promise.allSettled(Array.from({ length: LANES }, () => startQuickCoffee()));
  const lanes = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return lanes;
  await closeLanes(lanes);
  throw failed.reason;
}

export async function closeLanes(lanes: QuickCoffee[]): Promise<void> {
  for (const lane of lanes) await lane.close();
}

/**
 * Does all the work, each piece in the next free lane, and expects every lane's
 * load to lose nothing. A failure is said at once and ends its lane, whose shop
 * is no longer in the state that the next piece expects; the others go on.
 */
export async function inLanes<T>(
  lanes: QuickCoffee[],
  work: readonly T[],
  each: (coffee: QuickCoffee, piece: T) => Promise<void>,
  nameOf: (piece: T) => string,
): Promise<{ sent: number }> {
  const queue = [...work];
  const started = performance.now();
  const failures: unknown[] = [];
  let sent = 0;
  await Promise.all(
    lanes.map(async (coffee, lane) => {
      const account = await coffee.underLoad(
        async () => {
          for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
            const begun = work.length - queue.length;
            if (begun % 50 === 0) tell(`${begun} of ${work.length} begun`, started);
            try {
              await inTime(each(coffee, piece), nameOf(piece));
            } catch (error) {
              tell(`lane ${lane} ends at ${nameOf(piece)}: ${messageOf(error)}`, started);
              failures.push(error);
              return;
            }
          }
        },
        { qps: 50, connections: 10, longestMs: 2 * 3_600_000 },
      );
      sent += account.sent;
      expect(account).toMatchObject({ lost: 0, byReason: {} });
    }),
  );
  if (failures.length > 0) throw failures[0];
  tell(`${work.length} done, ${sent} requests, none lost`, started);
  return { sent };
}

async function inTime(running: Promise<void>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${name} has not ended after ${LONGEST_CASE_MS / 1000} s`)),
      LONGEST_CASE_MS,
    );
  });
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

function tell(what: string, started: number): void {
  process.stderr.write(`${what}, ${Math.round((performance.now() - started) / 1000)} s\n`);
}
