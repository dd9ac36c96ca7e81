/** The switch as a list of steps. Forward they run in this order; taken back they run their `undo` in the opposite one. */
import { addSubset } from './steps/add-subset.ts';
import { deleteOld } from './steps/delete-old.ts';
import { deployVersion } from './steps/deploy-version.ts';
import { drainOld } from './steps/drain-old.ts';
import { preflight } from './steps/preflight.ts';
import { removeSubset } from './steps/remove-subset.ts';
import { shiftTraffic } from './steps/shift-traffic.ts';
import type { Step } from './types.ts';

export function planSwitch({ keepOld = false }: { keepOld?: boolean | undefined } = {}): Step[] {
  const toTheNew = [preflight, deployVersion, addSubset, shiftTraffic, drainOld];
  return keepOld ? toTheNew : [...toTheNew, removeSubset, deleteOld];
}

/** The steps to take back, in the order to do it: the old version's capacity first, the new version's end last. */
export function planUndo(): Step[] {
  return [deleteOld, removeSubset, shiftTraffic, addSubset, deployVersion];
}
