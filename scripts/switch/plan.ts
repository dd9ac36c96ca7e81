/** The switch as a list of steps in their order. A roll back runs their `undo` in reverse order. */
import { canaryStep } from './canary/canary-step.ts';
import type { SwitchContext } from './context.ts';
import { preflight } from './preflight/preflight.ts';
import { undoOf } from './step.ts';
import type { NamedPart, Step } from './step.ts';
import { addSubset } from './steps/add-subset.ts';
import { deleteOld } from './steps/delete-old.ts';
import { deployVersion } from './steps/deploy-version.ts';
import { drainOld } from './steps/drain-old.ts';
import { ownerStaysAway } from './steps/owner-stays-away.ts';
import { removeSubset } from './steps/remove-subset.ts';
import { restoreNames, restoreNamesBack } from './steps/restore-names.ts';
import { restoreOldCapacity } from './steps/restore-old-capacity.ts';
import { shiftTraffic } from './steps/shift-traffic.ts';

export interface PlanOptions {
  /** Shares in percent, ascending, each with evidence before the next. */
  canary?: readonly number[] | undefined;
  keepOld?: boolean | undefined;
  /** `--owner-paused`: a step verifies it. */
  ownerPaused?: boolean | undefined;
}

export function planSwitch({ canary = [], keepOld = false, ownerPaused = false }: PlanOptions = {}): Step[] {
  const shares = canary.map((share, index) => canaryStep(share, index === 0));
  const known = ownerPaused ? [addSubset, ownerStaysAway] : [addSubset];
  const toTheCandidate = [preflight, deployVersion, ...known, ...shares, shiftTraffic, drainOld];
  return [...toTheCandidate, ...(keepOld ? [] : [removeSubset, deleteOld]), restoreNames];
}

/**
 * The steps of a switch, new or continued. `keepsOld` is false when the current version is deleted already.
 */
export function planOf({ options, keepsOld }: Pick<SwitchContext, 'options' | 'keepsOld'>): Step[] {
  return planSwitch({ ...options, keepOld: keepsOld });
}

/** Past the point of no return: the remaining steps, with the candidate as it is. */
export function planToTheEnd(): Step[] {
  return [addSubset, shiftTraffic, drainOld, removeSubset, deleteOld, restoreNames];
}

/** The roll back of a whole switch: the current version's capacity first, deleting the candidate last. */
export function planUndo(): NamedPart[] {
  const back = [removeSubset, shiftTraffic, addSubset, deployVersion].flatMap(undoOf);
  return [restoreOldCapacity, ...back, restoreNamesBack];
}

/**
 * The parts that a failure rolls back. A continued run starts at the first step, however far the killed one
 * had come, so it rolls back all steps. Where traffic may have moved, capacity is restored first.
 */
export function planWayBack(done: readonly Step[], continued: boolean): NamedPart[] {
  if (continued || done.includes(removeSubset)) return planUndo();
  const back = done.toReversed().flatMap(undoOf);
  const hasMoved = done.some(({ share }) => share !== undefined);
  return hasMoved ? [restoreOldCapacity, ...back, restoreNamesBack] : back;
}
