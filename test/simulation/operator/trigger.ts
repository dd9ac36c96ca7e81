/**
 * Moments in a run, counted in what the run itself does: what is to
 * happen then finds every point between two of its steps.
 */
import type { ApiServer } from '../api/api-server.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Prng } from '../time/prng.ts';
import type { OperatorProcess } from './process.ts';

export interface Moment {
  /** So many of its writes have been carried out, those of its Lease not counted. */
  writes: number;
  /** And since then so many answers and timers have reached it. */
  deliveries: number;
}

/** Most often right behind a write: there a run that ends leaves the most behind. */
export function drawMoment(prng: Prng): Moment {
  const writes = prng.int(0, 7);
  return { writes, deliveries: prng.chance(0.5) ? prng.int(0, 6) : Math.floor(prng.skewed(1, 400)) };
}

export function atMoment(
  { writes, deliveries }: Moment,
  { process, api }: { process: OperatorProcess; api: ApiServer },
  happen: () => void,
): void {
  let written = 0;
  let since: number | undefined = writes === 0 ? 0 : undefined;
  let isOver = false;
  api.onWrite(({ by, place }) => {
    if (by !== process.name || place.resource === resources.leases) return;
    written += 1;
    if (written === writes) since = 0;
    check();
  });
  process.onDelivery(() => {
    if (since === undefined) return;
    since += 1;
    check();
  });
  function check(): void {
    if (isOver || since === undefined || since < deliveries) return;
    isOver = true;
    happen();
  }
}
