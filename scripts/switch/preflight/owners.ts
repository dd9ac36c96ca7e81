/** Notes the objects of the switch that a controller owns, as it may write them again. */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { ownerOf } from '../changes/autoscaler.ts';
import type { Check } from './check.ts';

const consequences: Readonly<Record<string, string>> = {
  VirtualService: 'may write its own routes over those of the switch, which then stops',
  HTTPRoute: 'may write its own rules over those of the switch, which then stops',
  DestinationRule: 'may write its own subsets over those of the switch, which then stops',
};

export const keptByOthers: Check = {
  title: 'who keeps the objects as they are',
  run({ context: { lastSeen, from }, current }) {
    const rows: [string, KubernetesObject | undefined, string][] = [
      ['Deployment', current, `may make it again when ${from} is deleted`],
      ...lastSeen.objects.map(({ resource: { kind }, object }): [string, KubernetesObject, string] => [
        kind,
        object,
        consequences[kind] ?? 'may write over what the switch writes, which then stops',
      ]),
    ];
    return rows.flatMap(([kind, object, may]) => {
      const owner = object && ownerOf(object);
      return owner === undefined
        ? []
        : [`${kind} ${object?.metadata.name ?? ''} belongs to ${owner.kind} ${owner.name}, which ${may}`];
    });
  },
};
