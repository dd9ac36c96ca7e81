import { deepCopy, deepEqual, isObject, setField, type JsonObject } from '../../storage/json.ts';
import { objectAt, qosClass } from './defaults/pod.ts';
import type { ServiceAddresses } from './addresses.ts';
import type { ResourceType } from './resource-type.ts';
import { resourceKey } from '../../storage/resource-key.ts';
import type { KubeObject, ResourceKey } from '../../storage/types.ts';

/** What the API server does to an object of one kind before it is stored, beyond defaults. */
export interface RuleContext {
  addresses: ServiceAddresses;
}

type OnCreate = (draft: JsonObject, type: ResourceType, context: RuleContext) => void;
type OnUpdate = (next: JsonObject, previous: KubeObject, type: ResourceType, context: RuleContext) => void;

const ON_CREATE: Record<ResourceKey, OnCreate> = {
  'v1/pods': (pod) => {
    pod['status'] = { phase: 'Pending', qosClass: qosClass(objectAt(pod, 'spec')) };
  },
  'v1/namespaces': (namespace) => {
    objectAt(namespace, 'spec')['finalizers'] = ['kubernetes'];
    namespace['status'] = { phase: 'Active' };
  },
  'v1/services': (service, type, { addresses }) => {
    addresses.allocate(type, service, undefined);
    service['status'] = { loadBalancer: {} };
  },
  'apps/v1/replicasets': (replicaSet) => {
    replicaSet['status'] = { replicas: 0 };
  },
  'policy/v1/poddisruptionbudgets': (budget) => {
    budget['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  'autoscaling/v2/horizontalpodautoscalers': (hpa) => {
    hpa['status'] = { desiredReplicas: 0, currentMetrics: null };
  },
  'batch/v1/jobs': (job) => {
    const metadata = objectAt(job, 'metadata');
    const spec = objectAt(job, 'spec');
    if (spec['manualSelector'] !== true && spec['selector'] === undefined) labelJobPods(metadata, spec);
  },
  'v1/secrets': (secret) => encodeStringData(secret),
};

/** A Job finds its pods by its own uid. */
function labelJobPods(metadata: JsonObject, spec: JsonObject): void {
  const uid = String(metadata['uid']);
  const name = String(metadata['name']);
  spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  Object.assign(objectAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels'), {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  });
}

function encodeStringData(secret: JsonObject): void {
  if (!isObject(secret['stringData'])) return;
  for (const [key, value] of Object.entries(secret['stringData'])) {
    setField(objectAt(secret, 'data'), key, Buffer.from(String(value)).toString('base64'));
  }
  delete secret['stringData'];
}

const ON_UPDATE: Record<ResourceKey, OnUpdate> = {
  'v1/services': (service, previous, type, { addresses }) => addresses.allocate(type, service, previous),
  'v1/secrets': (secret) => encodeStringData(secret),
  'v1/pods': (pod, previous) => {
    // nodeName is set by binding; a plain update that leaves it out does not unbind.
    const spec = objectAt(pod, 'spec');
    const old = isObject(previous.spec) ? previous.spec : {};
    spec['nodeName'] ??= old['nodeName'];
  },
};

export function prepareForCreate(type: ResourceType, draft: JsonObject, context: RuleContext): void {
  if (type.subresources.some(({ name }) => name === 'status')) {
    if (type.custom) delete draft['status'];
    else if (!('status' in draft) || isObject(draft['status'])) draft['status'] = {};
  }
  const metadata = objectAt(draft, 'metadata');
  if (type.hasGeneration) metadata['generation'] = 1;
  ON_CREATE[resourceKey(type)]?.(draft, type, context);
}

/**
 * A write to the object itself cannot change the status; a write to
 * the status changes nothing else that matters.
 */
export function prepareForUpdate(
  type: ResourceType,
  next: JsonObject,
  previous: KubeObject,
  subresource: string | undefined,
  context: RuleContext,
): void {
  const metadata = objectAt(next, 'metadata');
  const old = previous.metadata;
  const hasStatus = type.subresources.some(({ name }) => name === 'status');
  if (subresource === 'status') {
    keepAllButStatus(type, next, previous);
  } else if (hasStatus) {
    if (previous.status === undefined) delete next['status'];
    else next['status'] = deepCopy(previous.status);
  }
  if (subresource !== 'status') ON_UPDATE[resourceKey(type)]?.(next, previous, type, context);
  if (!type.hasGeneration) return;
  metadata['generation'] = subresource === 'status' ? old.generation : nextGeneration(type, next, previous);
  if (metadata['generation'] === undefined) delete metadata['generation'];
}

function keepAllButStatus(type: ResourceType, next: JsonObject, previous: KubeObject): void {
  for (const field of Object.keys(next)) {
    if (!['metadata', 'status', 'apiVersion', 'kind'].includes(field)) Reflect.deleteProperty(next, field);
  }
  for (const [field, value] of Object.entries(previous)) {
    if (field !== 'metadata' && field !== 'status') setField(next, field, deepCopy(value));
  }
  const metadata = objectAt(next, 'metadata');
  const old = previous.metadata as unknown as JsonObject;
  const kept = type.custom ? ['labels', 'annotations'] : type.kind === 'Deployment' ? ['labels'] : [];
  for (const field of [...kept, 'ownerReferences', 'finalizers']) {
    if (old[field] === undefined) Reflect.deleteProperty(metadata, field);
    else metadata[field] = deepCopy(old[field]);
  }
}

/** Binding a pod to a node is no change of what is wanted. */
function wished(type: ResourceType, spec: unknown): unknown {
  return type.kind === 'Pod' && isObject(spec) ? { ...spec, nodeName: undefined } : spec;
}

/** The generation counts changes of what is wanted. Deployments count their annotations in. */
function nextGeneration(type: ResourceType, next: JsonObject, previous: KubeObject): number {
  const generation = previous.metadata.generation ?? 0;
  for (const field of new Set([...Object.keys(next), ...Object.keys(previous)])) {
    if (field === 'metadata' || field === 'status' || field === 'apiVersion' || field === 'kind') continue;
    if (!deepEqual(wished(type, next[field]), wished(type, previous[field]))) return generation + 1;
  }
  const annotations = (object: unknown) =>
    isObject(object) && isObject(object['metadata']) ? (object['metadata']['annotations'] ?? {}) : {};
  if (type.kind === 'Deployment' && !deepEqual(annotations(next), annotations(previous)))
    return generation + 1;
  return generation;
}

/** Pods that were never bound or have ended need no grace. */
export function defaultGracePeriod(pod: KubeObject): number {
  const spec = isObject(pod.spec) ? pod.spec : {};
  const status = isObject(pod.status) ? pod.status : {};
  if (typeof spec['nodeName'] !== 'string' || spec['nodeName'] === '') return 0;
  if (status['phase'] === 'Succeeded' || status['phase'] === 'Failed') return 0;
  const grace = spec['terminationGracePeriodSeconds'];
  return typeof grace === 'number' ? grace : 30;
}
