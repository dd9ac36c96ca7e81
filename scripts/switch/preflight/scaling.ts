/**
 * Notes what autoscalers will do to the candidate's size. It does not harm the switch: nothing is refused.
 */
import type { Deployment } from '../../shared/kubernetes.ts';
import { candidateAutoscalers, everyAutoscalerOf } from '../changes/autoscaler.ts';
import {
  allowedSize,
  isScaledObject,
  scaledObjects,
  scaledObjectsOf,
  scales,
} from '../changes/scaled-object.ts';
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
    return [...foreign, ...small, ...(await smallScaledObjects(facts, size))];
  },
};

async function smallScaledObjects({ context, candidate, others }: Facts, size: number): Promise<string[]> {
  const { to } = context;
  if (!others.some(isScaledObject)) return [];
  const own = await scaledObjectsOf(context, to);
  return own
    .filter((one) => scales(one, candidate.metadata.name))
    .flatMap((one) => {
      const allowed = allowedSize(one);
      return allowed === undefined || allowed >= size
        ? []
        : [
            `${to} is to have ${size} pods, ScaledObject ${one.metadata.name} allows ${allowed}: ${to} takes over with ${allowed}`,
          ];
    });
}

/** Without what the set `version` makes for the current version: that is the switch's to hold and delete. */
async function describeScalers(
  { context, others }: Facts,
  { metadata: { name } }: Deployment,
  size: number,
): Promise<string[]> {
  const { cluster, signal } = context;
  const all = await everyAutoscalerOf(cluster, name, signal);
  const scalers = await foreignScalers(cluster, name, all, signal);
  const isKeda = ({ kind }: { kind: string }) => kind === scaledObjects.kind;
  const own = scalers.some(isKeda) ? await scaledObjectsOf(context, context.from) : [];
  const names = own.map(({ metadata }) => metadata.name);
  const foreign = scalers.filter((one) => !(isKeda(one) && names.includes(one.name)));
  return foreign.map((scaler) => describeForeign(context, scaler, { others, size }));
}
