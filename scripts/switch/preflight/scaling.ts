/** What autoscalers will make of the candidate's size. They do no harm to the switch itself, so it is told and refuses nothing. */
import type { Deployment } from '../../shared/kubernetes.ts';
import { candidateAutoscalers } from '../changes/autoscaler.ts';
import type { SwitchContext } from '../context.ts';

/** @param name the candidate's Deployment */
export async function lookAtScaling(
  context: SwitchContext,
  { old, existing, name }: { old: Deployment | undefined; existing: Deployment | undefined; name: string },
): Promise<string[]> {
  const { from, to, record } = context;
  const size = Math.max(old?.spec.replicas ?? 1, existing?.spec.replicas ?? 0);
  const { own, brought, models } = await candidateAutoscalers(context, { current: old, name });
  if (own.length === 0 && record.before?.deployment) {
    return models.map(
      ({ metadata }) =>
        `HorizontalPodAutoscaler ${metadata.name} scales ${from}; ${to} was there before without one: it stays at ${size} pods, whatever its load`,
    );
  }
  return [...own, ...brought].flatMap(({ metadata, spec: { maxReplicas } }) =>
    maxReplicas < size
      ? [
          `${to} is to have ${size} pods, HorizontalPodAutoscaler ${metadata.name} allows ${maxReplicas}: ${to} takes over with ${maxReplicas}`,
        ]
      : [],
  );
}
