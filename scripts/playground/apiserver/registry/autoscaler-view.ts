import { isObject, type JsonObject } from '../../storage/json.ts';
import type { View } from './resource-type.ts';

/**
 * autoscaling/v1 knows one metric, the share of the requested CPU. Whatever
 * else an autoscaler has lies in annotations there, so that who reads and
 * writes in v1 keeps it: kubernetes pkg/apis/autoscaling/v1/conversion.go.
 */
export const AUTOSCALER_V1_VIEW: View = {
  storage: 'autoscaling/v2/horizontalpodautoscalers',
  show(stored) {
    const { metrics, behavior, ...spec } = objectOf(stored.spec);
    const { currentMetrics, conditions, ...status } = objectOf(stored.status);
    const [cpu, others] = parted(metrics);
    const [cpuNow] = parted(currentMetrics, 'current');
    const kept = {
      metrics: others.map((metric) => oldMetric(metric, 'target')),
      'current-metrics': listOf(currentMetrics).map((metric) => oldMetric(metric, 'current')),
      conditions: listOf(conditions),
      behavior,
    };
    return {
      ...stored,
      metadata: withAnnotations(stored.metadata, kept),
      spec: defined({ ...spec, targetCPUUtilizationPercentage: utilizationOf(cpu, 'target') }),
      status: defined({
        currentReplicas: 0,
        desiredReplicas: 0,
        ...status,
        currentCPUUtilizationPercentage: utilizationOf(cpuNow, 'current'),
      }),
    };
  },
  take(given) {
    const { targetCPUUtilizationPercentage: share, ...spec } = objectOf(given['spec']);
    const status = { ...objectOf(given['status']), currentCPUUtilizationPercentage: undefined };
    const kept = keptIn(objectOf(given['metadata']));
    const target = { type: 'Utilization', averageUtilization: share };
    const metrics = [
      ...listOf(kept.metrics).map((metric) => newMetric(metric, 'target')),
      ...(share === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target } }]),
    ];
    const currentMetrics = listOf(kept['current-metrics']).map((metric) => newMetric(metric, 'current'));
    return {
      ...given,
      metadata: withoutAnnotations(objectOf(given['metadata'])),
      spec: defined({ ...spec, metrics: filled(metrics), behavior: kept.behavior }),
      ...(given['status'] === undefined
        ? {}
        : {
            status: defined({
              ...status,
              currentMetrics: filled(currentMetrics),
              conditions: filled(listOf(kept.conditions)),
            }),
          }),
    };
  },
};

type Side = 'target' | 'current';
type Kept = Partial<Record<'metrics' | 'current-metrics' | 'conditions' | 'behavior', unknown>>;

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const KEPT = ['metrics', 'current-metrics', 'conditions', 'behavior'] as const;

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const filled = (list: unknown[]): unknown[] | undefined => (list.length === 0 ? undefined : list);
const defined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const resourceOf = (metric: unknown): JsonObject => objectOf(objectOf(metric)['resource']);
const utilizationOf = (metric: unknown, side: Side): unknown =>
  objectOf(resourceOf(metric)[side])['averageUtilization'];

/** The metric that v1 has a field for, and the others. */
function parted(metrics: unknown, side: Side = 'target'): [cpu: unknown, others: unknown[]] {
  const isCpu = (metric: unknown): boolean =>
    resourceOf(metric)['name'] === 'cpu' && utilizationOf(metric, side) !== undefined;
  const all = listOf(metrics);
  return [all.find(isCpu), all.filter((metric) => !isCpu(metric))];
}

function withAnnotations(metadata: object, kept: Kept): JsonObject {
  const { annotations, ...rest } = metadata as JsonObject;
  const added = KEPT.filter((name) =>
    Array.isArray(kept[name]) ? kept[name].length > 0 : kept[name] !== undefined,
  ).map((name) => [PREFIX + name, JSON.stringify(kept[name])]);
  if (added.length === 0) return metadata as JsonObject;
  return { ...rest, annotations: { ...objectOf(annotations), ...(Object.fromEntries(added) as JsonObject) } };
}

function withoutAnnotations(metadata: JsonObject): JsonObject {
  const { annotations, ...rest } = metadata;
  if (!isObject(annotations)) return metadata;
  const left = Object.entries(annotations).filter(([key]) => !KEPT.some((name) => key === PREFIX + name));
  if (left.length === Object.keys(annotations).length) return metadata;
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
}

function keptIn({ annotations }: JsonObject): Kept {
  const kept: Kept = {};
  for (const name of KEPT) {
    const text = objectOf(annotations)[PREFIX + name];
    try {
      if (typeof text === 'string') kept[name] = JSON.parse(text) as unknown;
    } catch {
      // What cannot be read is passed over, as there.
    }
  }
  return kept;
}

/**
 * A metric as v2 has it, in the words of v1's annotations: `targetAverageValue` for `target.averageValue`.
 */
function oldMetric(metric: unknown, side: Side): JsonObject {
  const { type, ...rest } = objectOf(metric);
  const [source = '', value] = Object.entries(rest)[0] ?? [];
  const { [side]: wanted, metric: named, describedObject, name, container } = objectOf(value);
  const { averageUtilization, averageValue, value: whole } = objectOf(wanted);
  const { name: metricName, selector } = objectOf(named);
  const isObjectMetric = source === 'object';
  return {
    type,
    [source]: defined({
      target: describedObject,
      name,
      metricName,
      [source === 'external' ? 'metricSelector' : 'selector']: selector,
      [`${side}Value`]: whole ?? (isObjectMetric ? '0' : undefined),
      [`${side}AverageUtilization`]: averageUtilization,
      [isObjectMetric ? 'averageValue' : `${side}AverageValue`]: averageValue,
      container,
    }),
  };
}

function newMetric(metric: unknown, side: Side): JsonObject {
  const { type, ...rest } = objectOf(metric);
  const [source = '', given] = Object.entries(rest)[0] ?? [];
  const value = objectOf(given);
  const averageUtilization = value[`${side}AverageUtilization`];
  const averageValue = value[`${side}AverageValue`] ?? value['averageValue'];
  const whole = averageValue === undefined ? value[`${side}Value`] : undefined;
  const kind =
    averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value';
  const selector = value['selector'] ?? value['metricSelector'];
  return {
    type,
    [source]: defined({
      name: value['name'],
      container: value['container'],
      describedObject: value['target'],
      metric:
        value['metricName'] === undefined ? undefined : defined({ name: value['metricName'], selector }),
      [side]: defined({
        type: side === 'target' ? kind : undefined,
        averageUtilization,
        averageValue,
        value: whole,
      }),
    }),
  };
}
