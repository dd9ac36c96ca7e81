import { deepFreeze, isObject, type JsonObject } from './json.ts';
import type { ResourceType } from './registry.ts';
import { groupVersion } from './resource-key.ts';
import type { KubeObject, ResourceKey } from './types.ts';

/** Another version (or group) of a resource that is stored once: how it looks there, and how to read it from there. */
export interface View {
  storage: ResourceKey;
  /** From the stored form; identity and `kind` are taken care of. */
  show(stored: KubeObject): JsonObject;
  /** To the stored form. */
  take(given: JsonObject): JsonObject;
}

/** A version that differs in nothing but its name, as custom resources without a conversion webhook have them. */
export function sameShape(storage: ResourceKey): View {
  return { storage, show: (stored) => ({ ...stored }), take: (given) => ({ ...given }) };
}

const seen = new WeakMap<KubeObject, Map<View, KubeObject>>();

/** The object as a client of this type sees it. Stored objects never change, so each view of one is made once. */
export function shown(type: ResourceType, object: KubeObject): KubeObject {
  const { view } = type;
  if (view === undefined) return object;
  const known = seen.get(object)?.get(view);
  if (known !== undefined) return known;
  const look = deepFreeze({
    ...view.show(object),
    kind: type.kind,
    apiVersion: groupVersion(type),
    metadata: object.metadata,
  }) as KubeObject;
  if (Object.isFrozen(object))
    seen.set(object, (seen.get(object) ?? new Map<View, KubeObject>()).set(view, look));
  return look;
}

/** What a client of this type sent, as it is stored. */
export function taken(type: ResourceType, object: JsonObject, stored: ResourceType): JsonObject {
  if (type.view === undefined) return object;
  return {
    ...type.view.take(object),
    kind: stored.kind,
    apiVersion: groupVersion(stored),
    metadata: isObject(object['metadata']) ? object['metadata'] : {},
  };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/: the newer words for the same event. */
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

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

const defined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const without = (object: JsonObject, field: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== field));

const isCpu = (metric: unknown): boolean => objectOf(objectOf(metric)['resource'])['name'] === 'cpu';

/** autoscaling/v1 knows one metric: the share of the requested CPU. */
export const AUTOSCALER_V1_VIEW: View = {
  storage: 'autoscaling/v2/horizontalpodautoscalers',
  show(stored) {
    const { metrics, ...spec } = without(objectOf(stored.spec), 'behavior');
    const { currentMetrics, ...status } = without(objectOf(stored.status), 'conditions');
    const wanted: unknown = Array.isArray(metrics) ? metrics.find(isCpu) : undefined;
    const now: unknown = Array.isArray(currentMetrics) ? currentMetrics.find(isCpu) : undefined;
    return {
      ...stored,
      spec: defined({
        ...spec,
        targetCPUUtilizationPercentage: objectOf(objectOf(objectOf(wanted)['resource'])['target'])[
          'averageUtilization'
        ],
      }),
      status: defined({
        currentReplicas: 0,
        desiredReplicas: 0,
        ...status,
        currentCPUUtilizationPercentage: objectOf(objectOf(objectOf(now)['resource'])['current'])[
          'averageUtilization'
        ],
      }),
    };
  },
  take(given) {
    const { targetCPUUtilizationPercentage, ...spec } = objectOf(given['spec']);
    const status = without(objectOf(given['status']), 'currentCPUUtilizationPercentage');
    const target = { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage };
    return {
      ...given,
      spec: {
        ...spec,
        ...(targetCPUUtilizationPercentage === undefined
          ? {}
          : { metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] }),
      },
      ...(given['status'] === undefined ? {} : { status }),
    };
  },
};
