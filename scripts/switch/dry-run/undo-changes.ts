/** The changes of an undo, step by step: each is what its step would find, the steps before it done, against what it would write. */
import { autoscalersOf, withFloor } from '../changes/autoscaler.ts';
import {
  createMarker,
  hasMarker,
  namedSubsets,
  redirect,
} from '../routing/virtual-service/virtual-service.ts';
import { readState } from '../cluster-state/read-state.ts';
import {
  findSubset,
  subsetLike,
  withSubset,
  withoutSubset,
} from '../routing/virtual-service/destination-rule.ts';
import type { SwitchContext } from '../types.ts';
import { changed, deleted, refloored, resized } from './object-changes.ts';
import { letGo } from './switch-changes.ts';

export interface UndoChanges {
  /** By the name of the step that is taken back. */
  changes: Map<string, string[]>;
  /** What stays of the new version when all is taken back. */
  stays: { route: boolean; subset: boolean; deployment: boolean };
}

/** Undefined when the old version is deleted already: then the switch is finished instead. */
export async function undoChanges(context: SwitchContext): Promise<UndoChanges | undefined> {
  const { cluster, options, app, from, to, known, record, target, signal } = context;
  const { deployments } = await readState(cluster, app);
  const named = (wanted: string) => deployments.find(({ version }) => version === wanted)?.deployment;
  const [old, fresh] = [named(from), named(to)];
  if (old === undefined) return undefined;

  const { name } = old.metadata;
  const present = old.spec.replicas ?? 1;
  const size = Math.max(present, fresh?.spec.replicas ?? 0);
  const scaling = await autoscalersOf(cluster, name, signal);
  const held = scaling.map((autoscaler) => withFloor(autoscaler, size));

  const { destinationRule, virtualService } = known;
  const model = findSubset(destinationRule, to) ?? { name: to, labels: { version: to } };
  const subset = findSubset(destinationRule, from) ?? subsetLike(model, to, from);
  const both = withSubset(destinationRule, subset);
  const rule = { ...destinationRule, spec: { ...destinationRule.spec, subsets: both } };

  const http = virtualService.spec.http ?? [];
  const back = redirect(
    http,
    {
      from: to,
      to: from,
      share: 100,
      marker: createMarker(to, from, record.id),
      only: (route) => hasMarker(route, context.marker),
    },
    target,
  );
  const after = { ...virtualService, spec: { ...virtualService.spec, http: back } };
  const route = namedSubsets(after, target).has(to);
  const stays = {
    route,
    subset: route || (record.before?.subset ?? false),
    deployment: (record.before?.deployment ?? false) || (options.keepFailed ?? false),
  };

  const end = async () => {
    const found = fresh && { name: fresh.metadata.name, pods: fresh.spec.replicas ?? 1 };
    if (!stays.deployment) return deleted(context, to, found);
    const floors = letGo(`${app}-${to}`, await autoscalersOf(cluster, `${app}-${to}`, signal));
    return [`${app}-${to} stays`, ...(record.before?.deployment ? floors : [])];
  };
  return {
    changes: new Map([
      [
        'delete-old',
        [
          ...scaling.flatMap((autoscaler, index) => refloored(autoscaler, held[index] ?? autoscaler)),
          ...resized(name, present, size),
        ],
      ],
      ['remove-subset', changed('DestinationRule', app, destinationRule.spec.subsets, both)],
      [
        'shift-traffic',
        [
          ...changed('VirtualService', virtualService.metadata.name, http, back),
          ...letGo(`${app}-${from}`, held),
        ],
      ],
      ['add-subset', stays.subset ? [] : changed('DestinationRule', app, both, withoutSubset(rule, to))],
      ['deploy-version', await end()],
    ]),
    stays,
  };
}
