/** Names who has overwritten the switch's fields, from managedFields, and how to prevent it. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';
import { describeOwner, pauseCommand } from './describe-owner.ts';
import { lastWriter } from './managed-fields.ts';
import { ownersOf, reverts, writesFor } from './owner.ts';

/** One line; none where no writer of these fields of `spec` is on record. */
export function describeWriter(
  { fieldManager: own, namespace }: Pick<Cluster, 'fieldManager' | 'namespace'>,
  seen: SeenObject,
  fields: readonly string[],
): string[] {
  const { manager, time } = lastWriter(seen.object, fields, own) ?? {};
  if (manager === undefined) return [];
  const when = time === undefined ? '' : ` at ${time}`;
  const owner = ownersOf(seen, { own, namespace }).find((one) => reverts(one) && writesFor(one, manager));
  const command = owner && pauseCommand(owner);
  const pause = owner && command ? `, for ${describeOwner(owner)}. To pause it: ${command}` : '';
  return [`written by ${manager}${when}${pause}`];
}
