/** The switch as a list of steps. Forward they run in this order; taken back they run their `undo` in the opposite one. */
import { addSubset } from './steps/add-subset.ts';
import { canaryStep } from './canary/canary-step.ts';
import { deleteOld } from './steps/delete-old.ts';
import { deployVersion } from './steps/deploy-version.ts';
import { drainOld } from './steps/drain-old.ts';
import { preflight } from './preflight/preflight.ts';
import { removeSubset } from './steps/remove-subset.ts';
import { shiftTraffic } from './steps/shift-traffic.ts';
import type { Step } from './types.ts';

export interface PlanOptions {
  /** Shares in percent, ascending, each with evidence before the next. */
  canary?: readonly number[] | undefined;
  keepOld?: boolean | undefined;
}

export function planSwitch({ canary = [], keepOld = false }: PlanOptions = {}): Step[] {
  const shares = canary.map((share, index) => canaryStep(share, index === 0));
  const toTheNew = [preflight, deployVersion, addSubset, ...shares, shiftTraffic, drainOld];
  return keepOld ? toTheNew : [...toTheNew, removeSubset, deleteOld];
}

/** Too late to go back: whatever has been done of it, the rest of the way, with the new version as it is. */
export function planToTheEnd(): Step[] {
  return [addSubset, shiftTraffic, drainOld, removeSubset, deleteOld];
}

/** The steps to take back, in the order to do it: the old version's capacity first, the new version's end last. */
export function planUndo(): Step[] {
  return [deleteOld, removeSubset, shiftTraffic, addSubset, deployVersion];
}
