/** What autoscalers will make of the candidate's size. It does no harm to the switch, and refuses nothing. */
import type { Deployment } from '../../shared/kubernetes.ts';
import { candidateAutoscalers, everyAutoscalerOf } from '../changes/autoscaler.ts';
import type { Check, Facts } from './check.ts';
import { describeForeign, foreignScalers } from './foreign-scalers.ts';

export const autoscalersKeepTheSize: Check = {
  title: 'autoscalers keep the size',
  async run(facts) {
    const { context, current, existing, candidate } = facts;
    const { from, to, record } = context;
    const size = Math.max(current?.spec.replicas ?? 1, existing?.spec.replicas ?? 0);
    const { name } = candidate.metadata;
    const { own, brought, models } = await candidateAutoscalers(context, { current, name });
    const foreign = current === undefined ? [] : await describeScalers(facts, current, size);
    if (own.length === 0 && record.before?.deployment) {
      const without = models.map(
        ({ metadata }) =>
          `HorizontalPodAutoscaler ${metadata.name} scales ${from}; ${to} was there before without one: it stays at ${size} pods, whatever its load`,
      );
      return [...foreign, ...without];
    }
    const small = [...own, ...brought].flatMap(({ metadata, spec: { maxReplicas } }) =>
      maxReplicas < size
        ? [
            `${to} is to have ${size} pods, HorizontalPodAutoscaler ${metadata.name} allows ${maxReplicas}: ${to} takes over with ${maxReplicas}`,
          ]
        : [],
    );
    return [...foreign, ...small];
  },
};

async function describeScalers(
  { context, others }: Facts,
  { metadata: { name } }: Deployment,
  size: number,
): Promise<string[]> {
  const { cluster, signal } = context;
  const all = await everyAutoscalerOf(cluster, name, signal);
  const scalers = await foreignScalers(cluster, name, all, signal);
  return scalers.map((scaler) => describeForeign(context, scaler, { others, size }));
}
