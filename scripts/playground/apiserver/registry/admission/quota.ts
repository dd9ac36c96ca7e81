import { objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import { forbidden } from '../../status-error.ts';
import type { KubeObject, ResourceKey } from '../../../storage/types.ts';
import type { AdmissionStore } from './admission-store.ts';
import { parseQuantity } from '../../../../shared/quantity.ts';
import { quantityText } from './quantity-text.ts';

/**
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/: counts
 * of objects, and what pods request and may use.
 */

const COUNTED: Record<string, ResourceKey> = {
  configmaps: 'v1/configmaps',
  persistentvolumeclaims: 'v1/persistentvolumeclaims',
  pods: 'v1/pods',
  replicationcontrollers: 'v1/replicationcontrollers',
  resourcequotas: 'v1/resourcequotas',
  secrets: 'v1/secrets',
  services: 'v1/services',
};

/** `count/deployments.apps` -> apps/v1/deployments; undefined for what is no count. */
function countedBy(key: string, type: ResourceType): boolean {
  if (COUNTED[key] === resourceKey(type)) return true;
  const name = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  return key === `count/${name}`;
}

const isEnded = (pod: JsonObject): boolean => {
  const phase = isObject(pod['status']) ? pod['status']['phase'] : undefined;
  return phase === 'Succeeded' || phase === 'Failed';
};

/** `cpu`, `requests.memory`, `limits.cpu`: what a pod adds to it; undefined when the key is none of these. */
function computeKey(key: string): { kind: 'requests' | 'limits'; name: string } | undefined {
  if (key === 'cpu' || key === 'memory') return { kind: 'requests', name: key };
  const match = /^(requests|limits)\.(cpu|memory|ephemeral-storage)$/.exec(key);
  return match === null ? undefined : { kind: match[1] as 'requests' | 'limits', name: match[2] ?? '' };
}

function amountsOf(pod: JsonObject, kind: string, name: string): { value: number; missing: string[] } {
  const spec = isObject(pod['spec']) ? pod['spec'] : {};
  const missing: string[] = [];
  const value = objectsOf(spec['containers']).reduce((sum, container) => {
    const resources = isObject(container['resources']) ? container['resources'] : {};
    const amount = isObject(resources[kind]) ? resources[kind][name] : undefined;
    if (amount === undefined) missing.push(String(container['name']));
    return sum + (amount === undefined ? 0 : parseQuantity(amount));
  }, 0);
  return { value, missing };
}

interface Quota extends KubeObject {
  spec?: { hard?: Record<string, string>; scopes?: string[] };
}

function added(key: string, type: ResourceType, object: JsonObject): number | undefined {
  if (countedBy(key, type)) return 1;
  const compute = computeKey(key);
  return resourceKey(type) === 'v1/pods' && compute !== undefined
    ? amountsOf(object, compute.kind, compute.name).value
    : undefined;
}

/** @throws 403 when a quota of the namespace has no room for the object */
export function checkQuotas(store: AdmissionStore, type: ResourceType, draft: JsonObject): void {
  const metadata = isObject(draft['metadata']) ? draft['metadata'] : {};
  const namespace = String(metadata['namespace']);
  for (const quota of store.list('v1/resourcequotas', { namespace }) as Quota[]) {
    const hard = quota.spec?.hard ?? {};
    const keys = Object.keys(hard)
      .filter((key) => added(key, type, draft) !== undefined)
      .sort();
    const silent = keys.flatMap((key) => {
      const compute = computeKey(key);
      const missing = compute === undefined ? [] : amountsOf(draft, compute.kind, compute.name).missing;
      return missing.length === 0 ? [] : [`${key} for: ${missing.join(',')}`];
    });
    const name = String(metadata['name']);
    if (silent.length > 0)
      throw forbidden(type, name, `failed quota: ${quota.metadata.name}: must specify ${silent.join('; ')}`);
    const used = usageOf(store, namespace, keys);
    const full = keys.filter((key) => {
      const more = added(key, type, draft) ?? 0;
      return more > 0 && (used.get(key) ?? 0) + more > parseQuantity(hard[key]);
    });
    if (full.length === 0) continue;
    const list = (value: (key: string) => string) => full.map((key) => `${key}=${value(key)}`).join(',');
    const text = (key: string, value: number) => quantityText(value, hard[key] ?? '');
    throw forbidden(
      type,
      name,
      `exceeded quota: ${quota.metadata.name}, requested: ${list((key) => text(key, added(key, type, draft) ?? 0))}, used: ${list((key) => text(key, used.get(key) ?? 0))}, limited: ${list((key) => hard[key] ?? '')}`,
    );
  }
}

/** How much of each key a namespace uses now. */
function usageOf(store: AdmissionStore, namespace: string, keys: string[]): Map<string, number> {
  const pods = store.list('v1/pods', { namespace }).filter((pod) => !isEnded(pod));
  return new Map(
    keys.map((key) => {
      const compute = computeKey(key);
      if (key === 'pods' || key === 'count/pods') return [key, pods.length];
      if (compute !== undefined)
        return [key, pods.reduce((sum, pod) => sum + amountsOf(pod, compute.kind, compute.name).value, 0)];
      return [key, countOf(store, namespace, key)];
    }),
  );
}

function countOf(store: AdmissionStore, namespace: string, key: string): number {
  const resource = COUNTED[key] ?? countKey(key);
  try {
    return store.list(resource, { namespace }).length;
  } catch {
    return 0;
  }
}

/** `count/deployments.apps` -> apps/v1/deployments. The groups that matter have one stored version. */
function countKey(key: string): ResourceKey {
  const [plural = '', ...group] = key.replace(/^count\//, '').split('.');
  return group.length === 0 ? `v1/${plural}` : `${group.join('.')}/v1/${plural}`;
}

/** What `status.used` says of a quota. */
export function usedBy(store: AdmissionStore, quota: KubeObject): Record<string, string> {
  const hard = (quota as Quota).spec?.hard ?? {};
  const keys = Object.keys(hard).sort();
  const used = usageOf(store, quota.metadata.namespace ?? '', keys);
  return Object.fromEntries(keys.map((key) => [key, quantityText(used.get(key) ?? 0, hard[key] ?? '')]));
}
