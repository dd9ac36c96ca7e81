/** What autoscalers will make of the candidate's size. They do no harm to the switch itself, so it is told and refuses nothing. */
import type { Deployment } from '../../shared/kubernetes.ts';
import { candidateAutoscalers, everyAutoscalerOf } from '../changes/autoscaler.ts';
import { renderVersion } from '../changes/render-version.ts';
import type { SwitchContext } from '../context.ts';
import { describeForeign, foreignScalers } from './foreign-scalers.ts';

/** @param name the candidate's Deployment */
export async function lookAtScaling(
  context: SwitchContext,
  { old, existing, name }: { old: Deployment | undefined; existing: Deployment | undefined; name: string },
): Promise<string[]> {
  const { cluster, options, app, from, to, record, signal } = context;
  const size = Math.max(old?.spec.replicas ?? 1, existing?.spec.replicas ?? 0);
  const { own, brought, models } = await candidateAutoscalers(context, { current: old, name });
  const foreign = await describeScalers();
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

  async function describeScalers(): Promise<string[]> {
    if (old === undefined) return [];
    const all = await everyAutoscalerOf(cluster, old.metadata.name, signal);
    const scalers = await foreignScalers(cluster, old.metadata.name, all, signal);
    if (scalers.length === 0) return [];
    const { others } = await renderVersion(options, { app, version: to });
    return scalers.map((scaler) => describeForeign(context, scaler, { others, size }));
  }
}
