/** The changes of a switch, step by step: each is what its step would find, the steps before it done, against what it would write. */
import type { Deployment } from '../../shared/kubernetes.ts';
import {
  autoscalersOf,
  copyFor,
  everyAutoscalerOf,
  isAutoscaler,
  targets,
  withFloor,
  withoutFloor,
} from '../changes/autoscaler.ts';
import type { Autoscaler } from '../changes/autoscaler.ts';
import { renderVersion } from '../changes/render-version.ts';
import { describeShares, redirect, shareBetween } from '../routing/virtual-service/virtual-service.ts';
import { readState } from '../cluster-state/read-state.ts';
import {
  findSubset,
  subsetLike,
  withSubset,
  withoutSubset,
} from '../routing/virtual-service/destination-rule.ts';
import { shareOf } from '../canary/canary-step.ts';
import type { Step, SwitchContext } from '../types.ts';
import { applied, changed, deleted, refloored, resized } from './object-changes.ts';

export async function switchChanges(context: SwitchContext, steps: Step[]): Promise<Map<string, string[]>> {
  const { cluster, app, from, to, known } = context;
  const { deployments } = await readState(cluster, app);
  const named = (wanted: string) => deployments.find(({ version }) => version === wanted)?.deployment;
  const old = named(from);
  const { lines, autoscalers } = await deployChanges(context, { old, existing: named(to) });
  const { destinationRule } = known;
  const model = findSubset(destinationRule, from) ?? { name: from, labels: { version: from } };
  const both = withSubset(destinationRule, findSubset(destinationRule, to) ?? subsetLike(model, from, to));
  const rule = { ...destinationRule, spec: { ...destinationRule.spec, subsets: both } };
  return new Map([
    ['deploy-version', lines],
    ['add-subset', changed('DestinationRule', app, destinationRule.spec.subsets, both)],
    ...routeChanges(context, steps),
    ['drain-old', letGo(`${app}-${to}`, autoscalers)],
    ['remove-subset', changed('DestinationRule', app, both, withoutSubset(rule, from))],
    [
      'delete-old',
      await deleted(context, from, old && { name: old.metadata.name, pods: old.spec.replicas ?? 1 }),
    ],
  ]);
}

/** The floors that stand no longer once the traffic has moved. */
export function letGo(deployment: string, autoscalers: Autoscaler[]): string[] {
  return autoscalers
    .filter((autoscaler) => targets(autoscaler, deployment))
    .flatMap((autoscaler) => refloored(autoscaler, withoutFloor(autoscaler)));
}

/** Each share from the one before it, and all traffic from the last share. */
function routeChanges(
  { from, to, marker, known, target }: SwitchContext,
  steps: Step[],
): [string, string[]][] {
  let { virtualService } = known;
  const changes: [string, string[]][] = [];
  for (const { name } of steps) {
    const share = name === 'shift-traffic' ? 100 : shareOf(name);
    if (share === undefined) continue;
    const now = shareBetween(virtualService, [from, to], target);
    const http = virtualService.spec.http ?? [];
    const part = share === 100 ? marker : `${marker}-p${share}`;
    const moved = now > share ? http : redirect(http, { from, to, share, marker: part }, target);
    const lines = changed('VirtualService', virtualService.metadata.name, http, moved);
    const shares = describeShares(
      moved.filter((route) => !http.includes(route)),
      target,
    );
    changes.push([name, [...lines, ...shares.map((text) => `  ${text}`)]]);
    virtualService = { ...virtualService, spec: { ...virtualService.spec, http: moved } };
  }
  return changes;
}

/** As steps/deploy-version.ts goes about it. `autoscalers`: those of the new version, as they stand afterwards. */
async function deployChanges(
  context: SwitchContext,
  { old, existing }: { old: Deployment | undefined; existing: Deployment | undefined },
): Promise<{ lines: string[]; autoscalers: Autoscaler[] }> {
  const { options, cluster, app, from, to, record, signal } = context;
  const size = old?.spec.replicas ?? 1;
  const present = existing?.spec.replicas ?? (existing ? 1 : 0);
  const replicas = Math.max(size, present);
  const { deployment, others } = await renderVersion(options, { app, version: to, replicas });
  const { name } = existing?.metadata ?? deployment.metadata;
  const there = await autoscalersOf(cluster, name, signal);
  const held = there.map((autoscaler) => withFloor(autoscaler, replicas));
  const lines = there.flatMap((autoscaler, index) => refloored(autoscaler, held[index] ?? autoscaler));
  if (existing === undefined || options.image !== undefined || Object.keys(options.set ?? {}).length > 0) {
    for (const object of others) if (!isAutoscaler(object)) lines.push(...(await applied(context, object)));
    const own = await applied(context, deployment);
    lines.push(...(own.length > 0 ? own : [`Deployment ${name} stays as it is`]));
  } else if (present < size) lines.push(...resized(name, present, size));
  else lines.push(`Deployment ${name} is there already and stays as it is`);
  const scaled = await everyAutoscalerOf(cluster, name, signal);
  if (record.before?.deployment || scaled.length > 0) return { lines, autoscalers: held };

  const authored = (await renderVersion(options, { app, version: to })).others.filter(isAutoscaler);
  const models =
    authored.length > 0 || old === undefined ? [] : await autoscalersOf(cluster, old.metadata.name, signal);
  const copies = models.map((model) => copyFor(model, { from, to, deployment: name }));
  const made = [...authored, ...copies].map((autoscaler) => withFloor(autoscaler, replicas));
  for (const autoscaler of made) lines.push(...(await applied(context, autoscaler)));
  return { lines, autoscalers: made };
}
