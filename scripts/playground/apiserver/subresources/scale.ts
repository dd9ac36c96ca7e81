import { isObject, type JsonObject } from '../../storage/json.ts';
import { jsonPath } from '../registry/custom/json-path.ts';
import type { DefinedType, ResourceType } from '../registry/resource-type.ts';
import { badRequest, invalid, invalidValue, notFound, staleWrite } from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { Answer } from '../answer.ts';
import { decodeObject, decodePatch } from '../negotiation/body.ts';
import type { ApiContext } from '../context.ts';
import type { TypedTarget } from '../verbs/read.ts';
import type { ApiRequest } from '../request.ts';
import { selectorText, type LabelSelector } from '../verbs/selectors.ts';
import { patched, patchKind, requireMatchingName, writeQuery } from '../verbs/write.ts';

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale', custom: false };

interface Scalable {
  replicas?: number;
  selector?: LabelSelector;
}

/** The scale subresource: how many, how many there are, and how to find them. */
function scaleOf(object: KubeObject, type: ResourceType): JsonObject {
  if (type.defined?.scale !== undefined) return definedScale(object, type.defined.scale);
  const spec = (object.spec ?? {}) as Scalable;
  const status = (object.status ?? {}) as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = spec.replicas ?? 0;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // A zero is left out, as Go's omitempty does.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: status.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}

/** A custom resource says itself where its numbers are. */
function definedScale(object: KubeObject, paths: NonNullable<DefinedType['scale']>): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const [replicas = 0] = jsonPath(paths.specReplicas)(object);
  const [present = 0] = jsonPath(paths.statusReplicas)(object);
  const [selector] = paths.labelSelector === undefined ? [] : jsonPath(paths.labelSelector)(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: present, ...(selector === undefined ? {} : { selector }) },
  };
}

/** Writes to `.spec.replicas`. */
function setAt(object: object, path: string, value: unknown): void {
  const fields = path.split('.').filter(Boolean);
  const last = fields.pop() ?? '';
  let inner = object as JsonObject;
  for (const field of fields) {
    const next = isObject(inner[field]) ? inner[field] : {};
    inner[field] = next;
    inner = next;
  }
  inner[last] = value;
}

export function serveScale(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key, namespace, name = '' } = target;
  const object = context.store.get(key, namespace, name);
  if (object === undefined) throw notFound(type, name);
  const current = scaleOf(object, type);
  if (request.method === 'GET') return { code: 200, body: current };
  const { dryRun, fieldManager } = writeQuery(
    request,
    request.method === 'PUT' ? 'UpdateOptions' : 'PatchOptions',
  );
  const wanted =
    request.method === 'PUT'
      ? decodeObject(body, request.headers['content-type'], SCALE)
      : patchedScale(request, current, body, target);
  const metadata = isObject(wanted['metadata']) ? wanted['metadata'] : {};
  requireMatchingName(metadata, name);
  const spec = isObject(wanted['spec']) ? wanted['spec'] : {};
  const replicas = spec['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  }
  if (replicas < 0)
    throw invalid(SCALE, name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  const { resourceVersion } = metadata;
  if (
    typeof resourceVersion === 'string' &&
    resourceVersion !== '' &&
    resourceVersion !== object.metadata.resourceVersion
  )
    throw staleWrite(type, name);
  const stored = context.store.mutate(
    key,
    namespace,
    name,
    (draft) => {
      setAt(draft, type.defined?.scale?.specReplicas ?? '.spec.replicas', replicas);
    },
    { subresource: 'scale', fieldManager, dryRun },
  );
  return { code: 200, body: scaleOf(stored ?? object, type) };
}

function patchedScale(
  request: ApiRequest,
  current: JsonObject,
  body: Buffer,
  { type }: TypedTarget,
): JsonObject {
  const kind = patchKind(request, type);
  if (kind === 'apply') {
    const config = decodePatch(body, true);
    if (!isObject(config)) throw badRequest('error decoding YAML: the body is not an object');
    return config;
  }
  return patched(kind, current, decodePatch(body, false), { ...type, ...SCALE });
}
