import { deepFreeze, type JsonObject } from '../../storage/json.ts';
import type { ResourceType, View } from './resource-type.ts';
import { groupVersion } from '../../storage/resource-key.ts';
import type { KubeObject, ResourceKey } from '../../storage/types.ts';

/**
 * A version that differs in nothing but its name, as custom resources without a conversion webhook have them.
 */
export function sameShape(storage: ResourceKey): View {
  return { storage, show: (stored) => ({ ...stored }), take: (given) => ({ ...given }) };
}

const seen = new WeakMap<KubeObject, Map<View, KubeObject>>();

/**
 * The object as a client of this type sees it. Stored objects never change, so each view of one is made once.
 */
export function shown(type: ResourceType, object: KubeObject): KubeObject {
  const { view } = type;
  if (view === undefined) return object;
  const known = seen.get(object)?.get(view);
  if (known !== undefined) return known;
  const look = deepFreeze({
    metadata: object.metadata,
    ...view.show(object),
    kind: type.kind,
    apiVersion: groupVersion(type),
  }) as KubeObject;
  if (Object.isFrozen(object))
    seen.set(object, (seen.get(object) ?? new Map<View, KubeObject>()).set(view, look));
  return look;
}

/** What a client of this type sent, as it is stored. */
export function taken(type: ResourceType, object: JsonObject, stored: ResourceType): JsonObject {
  if (type.view === undefined) return object;
  return {
    metadata: {},
    ...type.view.take(object),
    kind: stored.kind,
    apiVersion: groupVersion(stored),
  };
}

/**
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/:
 * the newer words for the same event.
 */
export const EVENTS_VIEW: View = {
  storage: 'v1/events',
  show({
    involvedObject,
    message,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    ...rest
  }) {
    const { reportingInstance, ...shared } = rest;
    return defined({
      ...shared,
      regarding: involvedObject,
      note: message,
      deprecatedSource: source,
      deprecatedFirstTimestamp: firstTimestamp,
      deprecatedLastTimestamp: lastTimestamp,
      deprecatedCount: count,
      reportingController: reportingComponent,
      reportingInstance,
    });
  },
  take({ regarding, note, deprecatedSource, deprecatedFirstTimestamp, ...rest }) {
    const { deprecatedLastTimestamp, deprecatedCount, reportingController, ...shared } = rest;
    return defined({
      ...shared,
      involvedObject: regarding ?? {},
      message: note,
      source: deprecatedSource ?? {},
      firstTimestamp: deprecatedFirstTimestamp ?? null,
      lastTimestamp: deprecatedLastTimestamp ?? null,
      count: deprecatedCount,
      reportingComponent: reportingController ?? '',
    });
  },
};

const defined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
