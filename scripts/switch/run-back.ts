/** Steps rolled back one after another, from what stands there now: somebody else's edit outlives it. */
import { CommandError } from '../shared/errors.ts';
import { describeLive } from './cluster-state/describe-serving.ts';
import type { SwitchContext } from './context.ts';
import { perform } from './perform.ts';
import type { NamedPart } from './step.ts';

/** Throws why it stopped. */
export async function runBack(context: SwitchContext, plan: readonly NamedPart[]): Promise<SwitchContext> {
  const { lastSeen } = await context.readState();
  let next: SwitchContext = { ...context, lastSeen: lastSeen.knowing(context.lastSeen.proven) };
  for (const part of plan) next = await perform(next, part);
  verifyServesAlone(next);
  return next;
}

/**
 * Rolled back, the current version has all the traffic, unless somebody else has written routes. What was
 * adopted is every pod again, with no subset.
 */
function verifyServesAlone({ lastSeen, from, record: { adopts } }: SwitchContext): void {
  const live = lastSeen.live();
  if (live.every(({ subset }) => subset === (adopts ? '' : from))) return;
  const { kind, name } = lastSeen.routesName;
  throw new CommandError(
    `${kind} ${name} gives its traffic to ${describeLive(live)}, in routes that this switch did not write: give it to ${from} there`,
  );
}
