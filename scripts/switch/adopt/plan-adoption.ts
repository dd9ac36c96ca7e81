/**
 * An adoption as a list of steps: the plain pods become a version, then a switch moves traffic to their copy.
 */
import type { SwitchContext } from '../context.ts';
import { planSwitch, planUndo } from '../plan.ts';
import { undoOf } from '../step.ts';
import type { NamedPart, Step } from '../step.ts';
import { restoreOldCapacity } from '../steps/restore-old-capacity.ts';
import { addPlainSubset } from './add-plain-subset.ts';
import { pauseRollouts } from './pause-rollouts.ts';
import { routeToPlain } from './route-to-plain.ts';
import { hasRoutes, hasSubsets } from './where-it-stands.ts';

/** The steps before the switch. */
const opening: readonly Step[] = [pauseRollouts, addPlainSubset, routeToPlain];

/** All steps after the preflight. */
export function planAdoption({ options }: Pick<SwitchContext, 'options'>): Step[] {
  const { ownerPaused } = options;
  return [...opening, ...planSwitch({ ownerPaused }).slice(1)];
}

/** The roll back of an adoption: only the steps whose objects exist. */
export function planUndoAdoption(context: Pick<SwitchContext, 'lastSeen'>): NamedPart[] {
  const ending = opening.toReversed().flatMap(undoOf);
  if (hasSubsets(context) && hasRoutes(context)) return [...planUndo().slice(0, -1), ...ending];
  return hasSubsets(context) ? ending.slice(1) : ending.slice(2);
}

/** The parts that a failure rolls back. */
export function planAdoptionWayBack(
  done: readonly Step[],
  context: Pick<SwitchContext, 'lastSeen' | 'continued'>,
): NamedPart[] {
  if (context.continued || done.some(({ name }) => name === 'remove-subset'))
    return planUndoAdoption(context);
  const back = done.toReversed().flatMap(undoOf);
  return done.some(({ share }) => share !== undefined) ? [restoreOldCapacity, ...back] : back;
}
