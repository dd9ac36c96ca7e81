import { timestamp } from './context.ts';
import type { WorkloadCondition } from './workload-types.ts';

export type ConditionInput = Pick<WorkloadCondition, 'type' | 'status' | 'reason' | 'message'>;

export function findCondition(
  conditions: readonly WorkloadCondition[] | undefined,
  type: string,
): WorkloadCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * Sets a condition as the deployment controller does: same status and
 * reason changes nothing; a change goes to the end of the list.
 */
export function setCondition(
  conditions: readonly WorkloadCondition[],
  { type, status, reason, message }: ConditionInput,
  options: { touch?: boolean } = {},
): WorkloadCondition[] {
  const current = findCondition(conditions, type);
  if (current?.status === status && current.reason === reason && options.touch !== true)
    return [...conditions];
  const now = timestamp();
  const lastTransitionTime = current?.status === status ? current.lastTransitionTime : now;
  return [
    ...conditions.filter((condition) => condition.type !== type),
    { type, status, lastUpdateTime: now, lastTransitionTime, reason, message },
  ];
}
