/** What autoscalers will make of the new version's size. They do no harm to the switch itself, so it is told and refuses nothing. */
import type { Deployment } from '../../shared/kubernetes.ts';
import { copyFor, everyAutoscalerOf, isAutoscaler, ownerOf } from '../changes/autoscaler.ts';
import { renderVersion } from '../changes/render-version.ts';
import type { SwitchContext } from '../types.ts';
import { describeForeign, foreignScalers } from './foreign-scalers.ts';

/** @param name the new version's Deployment */
export async function lookAtScaling(
  context: SwitchContext,
  { old, existing, name }: { old: Deployment | undefined; existing: Deployment | undefined; name: string },
): Promise<string[]> {
  const { cluster, options, app, from, to, record, signal } = context;
  const size = Math.max(old?.spec.replicas ?? 1, existing?.spec.replicas ?? 0);
  const [own, all, { others }] = await Promise.all([
    everyAutoscalerOf(cluster, name, signal),
    old === undefined ? [] : everyAutoscalerOf(cluster, old.metadata.name, signal),
    renderVersion(options, { app, version: to }),
  ]);
  const models = all.filter((one) => ownerOf(one) === undefined);
  const scalers = old === undefined ? [] : await foreignScalers(cluster, old.metadata.name, all, signal);
  const foreign = scalers.map((scaler) => describeForeign(context, scaler, { others, size }));
  // As deploy-version does: a Deployment that was there before the switch is given no autoscaler.
  if (own.length === 0 && record.before?.deployment) {
    const without = models.map(
      ({ metadata }) =>
        `HorizontalPodAutoscaler ${metadata.name} scales ${from}; ${to} was there before without one: it stays at ${size} pods, whatever its load`,
    );
    return [...foreign, ...without];
  }
  const authored = others.filter(isAutoscaler);
  const brought =
    authored.length > 0 ? authored : models.map((model) => copyFor(model, { from, to, deployment: name }));
  const small = (own.length > 0 ? own : brought).flatMap(({ metadata, spec: { maxReplicas } }) =>
    maxReplicas < size
      ? [
          `${to} is to have ${size} pods, HorizontalPodAutoscaler ${metadata.name} allows ${maxReplicas}: ${to} takes over with ${maxReplicas}`,
        ]
      : [],
  );
  return [...foreign, ...small];
}
