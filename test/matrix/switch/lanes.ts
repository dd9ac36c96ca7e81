/** Hundreds of switches, several at a time: each lane is a coffee-shop of its own with a load of its own. */
import { expect } from '@jest/globals';
import { startQuickCoffee, type QuickCoffee } from './quick-coffee.ts';

/** Most of a switch is waiting: two quiet cores carry four lanes. MATRIX_LANES says otherwise. */
const LANES = Number(process.env['MATRIX_LANES'] ?? (process.env['MATRIX'] === 'full' ? 4 : 2));

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

/** Does all the work, each piece in the next free lane, and expects every lane's load to lose nothing. Ends at the first failure. */
export async function inLanes<T>(
  lanes: QuickCoffee[],
  work: readonly T[],
  each: (coffee: QuickCoffee, piece: T) => Promise<void>,
): Promise<{ sent: number }> {
  const queue = [...work];
  const started = performance.now();
  const failures: unknown[] = [];
  let sent = 0;
  await Promise.all(
    lanes.map(async (coffee) => {
      const account = await coffee.underLoad(
        async () => {
          for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
            try {
              await each(coffee, piece);
            } catch (error) {
              failures.push(error);
              queue.length = 0;
            }
            const done = work.length - queue.length;
            if (done % 50 === 0) tell(`${done} of ${work.length} begun`, started);
          }
        },
        { qps: 50, connections: 10, longestMs: 2 * 3_600_000 },
      );
      sent += account.sent;
      if (failures.length === 0) expect(account).toMatchObject({ lost: 0, byReason: {} });
    }),
  );
  if (failures.length > 0) throw failures[0];
  tell(`${work.length} done, ${sent} requests, none lost`, started);
  return { sent };
}

function tell(what: string, started: number): void {
  process.stderr.write(`${what}, ${Math.round((performance.now() - started) / 1000)} s\n`);
}
