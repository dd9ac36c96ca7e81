import { objectAt, objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ResourceType } from '../registry.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionStore } from './index.ts';
import { quantityValue } from './quantity.ts';

/** https://kubernetes.io/docs/concepts/policy/limit-range/, for containers and pods. */

type Amounts = Record<string, string>;

interface Limits {
  type?: string;
  default?: Amounts;
  defaultRequest?: Amounts;
  min?: Amounts;
  max?: Amounts;
}

function limitsOf(store: AdmissionStore, namespace: string, wanted: string): Limits[] {
  return store.list('v1/limitranges', { namespace }).flatMap((range) => {
    const spec = isObject(range.spec) ? range.spec : {};
    return (objectsOf(spec['limits']) as Limits[]).filter(({ type }) => type === wanted);
  });
}

const namespaceOf = (pod: JsonObject): string => String(objectAt(pod, 'metadata')['namespace']);

const containersOf = (pod: JsonObject): JsonObject[] => {
  const spec = objectAt(pod, 'spec');
  return [...objectsOf(spec['initContainers']), ...objectsOf(spec['containers'])];
};

/** Fills in requests and limits that a container leaves out, and notes it where the real plugin does. */
export function applyLimitRanges(store: AdmissionStore, pod: JsonObject): void {
  const limits = limitsOf(store, namespaceOf(pod), 'Container');
  if (limits.length === 0) return;
  const notes: string[] = [];
  for (const container of containersOf(pod)) {
    for (const [kind, title] of [
      ['requests', 'request'],
      ['limits', 'limit'],
    ] as const) {
      const set = limits.flatMap((one) =>
        fill(objectAt(container, 'resources'), kind, kind === 'requests' ? one.defaultRequest : one.default),
      );
      if (set.length > 0)
        notes.push(`${set.sort().join(', ')} ${title} for container ${String(container['name'])}`);
    }
  }
  if (notes.length === 0) return;
  const annotations = objectAt(objectAt(pod, 'metadata'), 'annotations');
  annotations['kubernetes.io/limit-ranger'] = `LimitRanger plugin set: ${notes.join('; ')}`;
}

function fill(resources: JsonObject, kind: string, amounts: Amounts = {}): string[] {
  const missing = Object.keys(amounts).filter(
    (name) => !isObject(resources[kind]) || resources[kind][name] === undefined,
  );
  for (const name of missing) objectAt(resources, kind)[name] = amounts[name];
  return missing;
}

/** @throws 403 when a container asks for less than the least or more than the most */
export function checkLimitRanges(store: AdmissionStore, type: ResourceType, pod: JsonObject): void {
  const namespace = namespaceOf(pod);
  const faults = limitsOf(store, namespace, 'Container').flatMap((limits) =>
    containersOf(pod).flatMap((container) => faultsOf(objectAt(container, 'resources'), limits)),
  );
  if (faults.length === 0) return;
  const why = faults.length === 1 ? String(faults[0]) : `[${faults.join(', ')}]`;
  throw forbidden(type, String(objectAt(pod, 'metadata')['name']), why);
}

function faultsOf(resources: JsonObject, { min = {}, max = {} }: Limits): string[] {
  const amount = (kind: string, name: string): string | undefined => {
    const value = isObject(resources[kind]) ? resources[kind][name] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const tooLittle = Object.entries(min).flatMap(([name, least]) => {
    const request = amount('requests', name);
    const head = `minimum ${name} usage per Container is ${least}`;
    if (request === undefined) return [`${head}.  No request is specified`];
    return quantityValue(request) < quantityValue(least) ? [`${head}, but request is ${request}`] : [];
  });
  const tooMuch = Object.entries(max).flatMap(([name, most]) => {
    const limit = amount('limits', name);
    const head = `maximum ${name} usage per Container is ${most}`;
    if (limit === undefined) return [`${head}.  No limit is specified`];
    return quantityValue(limit) > quantityValue(most) ? [`${head}, but limit is ${limit}`] : [];
  });
  return [...tooLittle, ...tooMuch];
}

/** A range fills in its own gaps: the most is the default, the default is the default request. */
export function defaultLimitRange(range: JsonObject): void {
  for (const limits of objectsOf(objectAt(range, 'spec')['limits']) as (Limits & JsonObject)[]) {
    if (limits.type !== 'Container') continue;
    const defaults = { ...limits.max, ...limits.default };
    const requests = { ...limits.min, ...defaults, ...limits.defaultRequest };
    if (Object.keys(defaults).length > 0) limits.default = defaults;
    if (Object.keys(requests).length > 0) limits.defaultRequest = requests;
  }
}
