/** Objects that the switch changes or deletes and another object keeps as they are. Worth a note: the owner may be made for it. */
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { ownerOf } from '../changes/autoscaler.ts';
import type { SwitchContext } from '../types.ts';

/** One line for each. @param old the old version's Deployment */
export function ownedByOthers(
  { known, from }: Pick<SwitchContext, 'known' | 'from'>,
  old: Deployment | undefined,
): string[] {
  const { virtualService, destinationRule } = known;
  const rows: [string, KubernetesObject | undefined, string][] = [
    ['Deployment', old, `may make it again when ${from} is deleted`],
    ['VirtualService', virtualService, 'may write its own routes over those of the switch, which then stops'],
    [
      'DestinationRule',
      destinationRule,
      'may write its own subsets over those of the switch, which then stops',
    ],
  ];
  return rows.flatMap(([kind, object, may]) => {
    const owner = object && ownerOf(object);
    return owner === undefined
      ? []
      : [`${kind} ${object?.metadata.name ?? ''} belongs to ${owner.kind} ${owner.name}, which ${may}`];
  });
}
