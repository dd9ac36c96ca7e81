/** Rolls back steps one after another, from the current state: somebody else's edits stay. */
import { CommandError } from '../shared/errors.ts';
import { describeLive } from './cluster-state/describe-serving.ts';
import type { SwitchContext } from './context.ts';
import { perform } from './perform.ts';
import type { NamedPart } from './step.ts';

/** @throws StepFailed of the step that failed; CommandError when the current version does not serve alone */
export async function runBack(context: SwitchContext, plan: readonly NamedPart[]): Promise<SwitchContext> {
  const { lastSeen } = await context.readState();
  let next: SwitchContext = { ...context, lastSeen: lastSeen.knowing(context.lastSeen.proven) };
  for (const part of plan) next = await perform(next, part);
  verifyServesAlone(next);
  return next;
}

/**
 * After a roll back the current version has all the traffic, unless somebody else has written routes. After
 * that of an adoption, all pods have it again, without a subset.
 */
function verifyServesAlone({ lastSeen, from, record: { adopts } }: SwitchContext): void {
  const live = lastSeen.live();
  if (live.every(({ subset }) => subset === (adopts ? '' : from))) return;
  const { kind, name } = lastSeen.routesName;
  throw new CommandError(
    `${kind} ${name} gives its traffic to ${describeLive(live)}, in routes that this switch did not write: give it to ${from} there`,
  );
}
