import { objectAt, objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { forbidden } from '../../status-error.ts';
import type { AdmissionStore } from './admission-store.ts';
import { parseQuantity } from '../../../../shared/quantity.ts';
import { quantityText } from './quantity-text.ts';

/** https://kubernetes.io/docs/concepts/policy/limit-range/, for containers and pods. */

type Amounts = Record<string, string>;

interface Limits {
  type?: string;
  default?: Amounts;
  defaultRequest?: Amounts;
  min?: Amounts;
  max?: Amounts;
  maxLimitRequestRatio?: Amounts;
}

const LISTS = [
  ['containers', 'container'],
  ['initContainers', 'init container'],
] as const;

const KINDS = [
  ['requests', 'request'],
  ['limits', 'limit'],
] as const;

function limitsOf(store: AdmissionStore, namespace: string, wanted: string): Limits[] {
  return store.list('v1/limitranges', { namespace }).flatMap((range) => {
    const spec = isObject(range.spec) ? range.spec : {};
    return (objectsOf(spec['limits']) as Limits[]).filter(({ type }) => type === wanted);
  });
}

const namespaceOf = (pod: JsonObject): string => String(objectAt(pod, 'metadata')['namespace']);

const containersOf = (pod: JsonObject, list: 'containers' | 'initContainers'): JsonObject[] =>
  objectsOf(objectAt(pod, 'spec')[list]);

/** Fills in requests and limits that a container leaves out, and notes it where the real plugin does. */
export function applyLimitRanges(store: AdmissionStore, pod: JsonObject): void {
  const limits = limitsOf(store, namespaceOf(pod), 'Container');
  if (limits.length === 0) return;
  const notes: string[] = [];
  for (const [list, title] of LISTS) {
    for (const container of containersOf(pod, list)) {
      for (const [kind, word] of KINDS) {
        const set = limits.flatMap((one) =>
          fill(
            objectAt(container, 'resources'),
            kind,
            kind === 'requests' ? one.defaultRequest : one.default,
          ),
        );
        if (set.length > 0)
          notes.push(`${set.sort().join(', ')} ${word} for ${title} ${String(container['name'])}`);
      }
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

type Amount = (kind: 'requests' | 'limits', name: string) => string | undefined;

function amountIn(resources: JsonObject): Amount {
  return (kind, name) => {
    const value = isObject(resources[kind]) ? resources[kind][name] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
}

/**
 * @throws 403 when a container, or all of a pod together, asks for less than the least or more than the most
 */
export function checkLimitRanges(store: AdmissionStore, type: ResourceType, pod: JsonObject): void {
  const namespace = namespaceOf(pod);
  const containers = LISTS.flatMap(([list]) => containersOf(pod, list));
  const faults = [
    ...limitsOf(store, namespace, 'Container').flatMap((limits) =>
      containers.flatMap((one) => faultsOf(amountIn(objectAt(one, 'resources')), limits, 'Container')),
    ),
    ...limitsOf(store, namespace, 'Pod').flatMap((limits) => faultsOf(amountOfPod(pod), limits, 'Pod')),
  ];
  const told = [...new Set(faults)];
  if (told.length === 0) return;
  const why = told.length === 1 ? String(told[0]) : `[${told.join(', ')}]`;
  throw forbidden(type, String(objectAt(pod, 'metadata')['name']), why);
}

/** Its containers together with its sidecars, or one init container that takes more than they do. */
function amountOfPod(pod: JsonObject): Amount {
  return (kind, name) => {
    const amountsOf = (containers: JsonObject[]): string[] =>
      containers
        .map((one) => amountIn(objectAt(one, 'resources'))(kind, name))
        .filter((one) => one !== undefined);
    const inits = containersOf(pod, 'initContainers');
    const isSidecar = (one: JsonObject) => one['restartPolicy'] === 'Always';
    const together = amountsOf([...containersOf(pod, 'containers'), ...inits.filter(isSidecar)]);
    const before = amountsOf(inits.filter((one) => !isSidecar(one)));
    const [like] = [...together, ...before];
    if (like === undefined) return undefined;
    const sum = together.reduce((total, one) => total + parseQuantity(one), 0);
    return quantityText(Math.max(sum, ...before.map(parseQuantity)), like);
  };
}

function faultsOf(amount: Amount, limits: Limits, per: 'Container' | 'Pod'): string[] {
  const { min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = limits;
  const tooLittle = Object.entries(min).flatMap(([name, least]) => {
    const [request, limit] = [amount('requests', name), amount('limits', name)];
    const head = `minimum ${name} usage per ${per} is ${least}`;
    const isLess = (given: string) => parseQuantity(given) < parseQuantity(least);
    if (request === undefined) return [`${head}.  No request is specified`];
    if (isLess(request)) return [`${head}, but request is ${request}`];
    return limit !== undefined && isLess(limit) ? [`${head}, but limit is ${limit}`] : [];
  });
  const tooMuch = Object.entries(max).flatMap(([name, most]) => {
    const [request, limit] = [amount('requests', name), amount('limits', name)];
    const head = `maximum ${name} usage per ${per} is ${most}`;
    const isMore = (given: string) => parseQuantity(given) > parseQuantity(most);
    if (limit === undefined) return [`${head}.  No limit is specified`];
    if (isMore(limit)) return [`${head}, but limit is ${limit}`];
    return request !== undefined && isMore(request) ? [`${head}, but request is ${request}`] : [];
  });
  const tooFar = Object.entries(ratios).flatMap(([name, most]) => {
    const [request, limit] = [amount('requests', name), amount('limits', name)].map(parseQuantity);
    const head = `${name} max limit to request ratio per ${per} is ${most}, but`;
    if (!request) return [`${head} no request is specified or request is 0`];
    if (!limit) return [`${head} no limit is specified or limit is 0`];
    const ratio = limit / request;
    return ratio > parseQuantity(most) ? [`${head} provided ratio is ${ratio.toFixed(6)}`] : [];
  });
  return [...tooLittle, ...tooMuch, ...tooFar];
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
