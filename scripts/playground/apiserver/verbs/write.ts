import { mergePatch } from '../../../shared/merge-patch.ts';
import { notFollowedWarnings } from '../registry/admission/not-followed.ts';
import { podSecurityWarnings } from '../registry/admission/pod-security.ts';
import { hasRules } from '../registry/custom/definition.ts';
import { deepCopy, isObject, type JsonObject } from '../../storage/json.ts';
import { jsonPatch } from '../registry/apply/patch.ts';
import type { ResourceType } from '../registry/resource-type.ts';
import { groupVersion } from '../../storage/resource-key.ts';
import { schemaOf } from '../registry/schema/schema.ts';
import { OPEN } from '../registry/schema/types.ts';
import {
  badRequest,
  forbiddenField,
  invalid,
  invalidOptions,
  invalidValue,
  notFound,
  notImplemented,
  required,
  StatusError,
  unsupported,
} from '../status-error.ts';
import { strategicMergePatch } from '../registry/apply/strategic-merge.ts';
import type { KubeObject, NewObject } from '../../storage/types.ts';
import { shown, taken } from '../registry/views.ts';
import { jsonOf, type Answer } from '../answer.ts';
import {
  decodeObject,
  decodePatch,
  duplicatesIn,
  mediaType,
  unsupportedMediaType,
} from '../negotiation/body.ts';
import type { ApiContext } from '../context.ts';
import { checkFields, strictError, warningLine } from '../negotiation/field-validation.ts';
import { metadataOnly, wantsMetadataOnly, type TypedTarget } from './read.ts';
import { fieldManagerOf, isTrue, type ApiRequest } from '../request.ts';
import { asTable, wantsTable } from '../negotiation/tables/negotiate.ts';

/** Options every write takes, checked the way the API server checks them. `kind` names them in refusals. */
export interface WriteQuery {
  dryRun: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  fieldManager: string;
}

export function writeQuery(
  request: ApiRequest,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
): WriteQuery {
  const { query } = request;
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    throw invalidOptions(kind, [
      unsupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']),
    ]);
  }
  return {
    dryRun: dryRunOf(request, kind),
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteQuery['fieldValidation']),
    fieldManager: fieldManagerOf(request),
  };
}

export function dryRunOf({ query }: ApiRequest, kind: string, fromBody?: unknown): boolean {
  const values = [...query.getAll('dryRun'), ...(Array.isArray(fromBody) ? fromBody.map(String) : [])];
  const wrong = values.filter((value) => value !== 'All');
  if (wrong.length > 0) throw invalidOptions(kind, [unsupported('dryRun', wrong, ['All'])]);
  return values.length > 0;
}

function metadataOf(object: JsonObject): JsonObject {
  if (isObject(object['metadata'])) return object['metadata'];
  const metadata: JsonObject = {};
  object['metadata'] = metadata;
  return metadata;
}

function requireMatchingNamespace(metadata: JsonObject, target: TypedTarget): void {
  if (!target.type.namespaced) return;
  const given = metadata['namespace'];
  if (given === undefined || given === '') metadata['namespace'] = target.namespace;
  else if (given !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** @throws 400 when the object in the body is another than the one in the path */
export function requireMatchingName(metadata: JsonObject, name: string): void {
  const given = metadata['name'];
  if (given === undefined || given === '') metadata['name'] = name;
  else if (given !== name)
    throw badRequest(
      `the name of the object (${given as string}) does not match the name on the URL (${name})`,
    );
}

/** Drops fields the type does not have; refuses or warns as the client asked. */
export function validateFields(
  type: ResourceType,
  object: JsonObject,
  { fieldValidation }: Pick<WriteQuery, 'fieldValidation'>,
): Record<string, string> {
  const twice = duplicatesIn(object);
  const { unknownFields } = checkFields(type, object, schemaOf(type));
  const faults = [
    ...twice.map((field) => `duplicate field ${JSON.stringify(field)}`),
    ...unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`),
  ];
  if (faults.length === 0 || fieldValidation === 'Ignore') return {};
  if (fieldValidation === 'Strict') throw strictError(type, faults);
  return { warning: faults.map(warningLine).join(', ') };
}

export function objectAnswer(
  request: ApiRequest,
  type: ResourceType,
  object: KubeObject,
  code: number,
  headers: Record<string, string> = {},
): Answer {
  if (wantsTable(request))
    return {
      code,
      headers,
      ...asTable(request, type, [object], { resourceVersion: object.metadata.resourceVersion }),
    };
  return {
    code,
    body: jsonOf(wantsMetadataOnly(request) ? metadataOnly(object) : shown(type, object)),
    headers,
  };
}

const RULES_NOT_EVALUATED =
  'the playground does not evaluate x-kubernetes-validations: what only they forbid is let in';

/** @throws 501 for a definition that no part of the playground can serve */
function checkDefinition(definition: JsonObject): void {
  const spec = isObject(definition['spec']) ? definition['spec'] : {};
  const conversion = isObject(spec['conversion']) ? spec['conversion'] : {};
  if (conversion['strategy'] === 'Webhook')
    throw notImplemented('conversion of custom resources by a webhook');
}

export function createObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key } = target;
  if (type.refusal !== undefined) throw notImplemented(type.refusal);
  const query = writeQuery(request, 'CreateOptions');
  const object = decodeObject(body, request.headers['content-type'], type);
  const metadata = metadataOf(object);
  const headers = validateFields(type, object, query);
  requireMatchingNamespace(metadata, target);
  if (type.kind === 'CustomResourceDefinition') checkDefinition(object);
  const stored = taken(type, object, context.store.typeOf(key));
  const created = context.store.create(key, stored as unknown as NewObject, query);
  warn(headers, warningsOf(target, context, created));
  return objectAnswer(request, type, created, 201, headers);
}

function warn(headers: Record<string, string>, warnings: string[]): void {
  if (warnings.length === 0) return;
  headers['warning'] = [headers['warning'], ...warnings.map(warningLine)].filter(Boolean).join(', ');
}

/** The warnings for an accepted write. */
function warningsOf(
  { type, key, subresource }: TypedTarget,
  { store }: ApiContext,
  object: KubeObject,
  previous?: KubeObject,
): string[] {
  if (subresource !== undefined) return [];
  const isRuled = type.kind === 'CustomResourceDefinition' && hasRules(object);
  return [
    ...(type.defined?.deprecationWarning === undefined ? [] : [type.defined.deprecationWarning]),
    ...(isRuled ? [RULES_NOT_EVALUATED] : []),
    ...podSecurityWarnings(store, store.typeOf(key), object, previous),
    ...notFollowedWarnings(type, object),
  ];
}

export function replaceObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key, namespace, name = '', subresource } = target;
  const query = writeQuery(request, 'UpdateOptions');
  const object = decodeObject(body, request.headers['content-type'], type);
  const metadata = metadataOf(object);
  const headers = validateFields(type, object, query);
  requireMatchingName(metadata, name);
  requireMatchingNamespace(metadata, target);
  const previous = context.store.get(key, namespace, name);
  if (previous === undefined) throw notFound(type, name);
  const next = taken(type, object, context.store.typeOf(key));
  const stored = context.store.update(key, next as unknown as KubeObject, {
    ...query,
    ...(subresource === undefined ? {} : { subresource }),
  });
  warn(headers, warningsOf(target, context, stored, previous));
  return objectAnswer(request, type, stored, 200, headers);
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** The kind of patch, from the Content-Type. Custom resources have no strategic merge patch. */
export function patchKind(request: ApiRequest, type: Pick<ResourceType, 'custom'>): keyof typeof PATCH_TYPES {
  const media = mediaType(request.headers['content-type']);
  const known = (Object.keys(PATCH_TYPES) as (keyof typeof PATCH_TYPES)[]).find(
    (kind) => PATCH_TYPES[kind] === media,
  );
  if (known === undefined)
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  if (known === 'strategic' && type.custom)
    throw unsupportedMediaType([PATCH_TYPES.json, PATCH_TYPES.merge, PATCH_TYPES.apply]);
  return known;
}

/** The object after the patch, before any rule of the store. */
export function patched(
  kind: 'json' | 'merge' | 'strategic',
  current: unknown,
  patch: unknown,
  type: ResourceType,
): JsonObject {
  if (kind !== 'json' && !isObject(patch)) {
    const given = Array.isArray(patch) ? 'array' : typeof patch;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${given} into Go value of type map[string]interface {}`,
    );
  }
  const result =
    kind === 'json'
      ? jsonPatch(current, patch)
      : kind === 'merge'
        ? mergePatch(current, patch)
        : strategicMergePatch(current, patch as JsonObject, type.custom ? OPEN : schemaOf(type));
  // A patch may leave parts of the stored (frozen) object in place.
  if (!isObject(result))
    throw new StatusError(
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
      {},
    );
  return deepCopy(result);
}

export function patchObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key, namespace, name = '', subresource } = target;
  const kind = patchKind(request, type);
  const query = writeQuery(request, 'PatchOptions');
  if (kind === 'apply') return applyObject(request, target, context, body, query);
  if (isTrue(request.query.get('force'))) {
    throw invalidOptions('PatchOptions', [
      forbiddenField('force', 'may not be specified for non-apply patch'),
    ]);
  }
  const patch = decodePatch(body, false);
  const live = context.store.get(key, namespace, name);
  if (live === undefined) throw notFound(type, name);
  const current = shown(type, live);
  const next = patched(kind, current, patch, type);
  if (next['kind'] !== current.kind || next['apiVersion'] !== current.apiVersion)
    throw wrongKindInPatch(next, type, context);
  const headers = patchFieldValidation(type, next, query, kind === 'strategic' ? goText(patch) : undefined);
  requireMatchingName(metadataOf(next), name);
  requireMatchingNamespace(metadataOf(next), target);
  const wanted = taken(type, next, context.store.typeOf(key));
  const stored = context.store.update(key, wanted as unknown as KubeObject, {
    ...query,
    ...(subresource === undefined ? {} : { subresource }),
  });
  warn(headers, warningsOf(target, context, stored, live));
  return objectAnswer(request, type, stored, 200, headers);
}

function wrongKindInPatch(next: JsonObject, type: ResourceType, { store }: ApiContext): StatusError {
  const [kind, apiVersion] = [String(next['kind']), String(next['apiVersion'])];
  const why =
    store.registry.findKind(apiVersion, kind) === undefined
      ? `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`
      : `${kind} in version "${type.version}" cannot be handled as a ${type.kind}: converting (${type.version}.${kind}) to (${type.version}.${type.kind}): unknown conversion`;
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(next), why)]);
}

/**
 * On patches the strict answer is a 422 that shows the whole object,
 * or for a strategic merge patch the patch.
 *
 * @param shown what to show instead of the object
 */
function patchFieldValidation(
  type: ResourceType,
  next: JsonObject,
  query: WriteQuery,
  shown: string | undefined,
): Record<string, string> {
  const whole = shown ?? (query.fieldValidation === 'Strict' ? JSON.stringify(next) : '');
  try {
    return validateFields(type, next, query);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const message = error.message.replace(/^.*?cannot be handled as a \w+: /, '');
    throw invalid({ group: '', kind: '' }, '', [
      invalidValue('patch', whole === '' ? JSON.stringify(next) : whole, message),
    ]);
  }
}

/** As Go prints a map: `map[metadata:map[name:web] spec:map[replicas:2]]`. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isObject(value)) {
    const fields = Object.keys(value).sort();
    return `map[${fields.map((field) => `${field}:${goText(value[field])}`).join(' ')}]`;
  }
  return typeof value === 'string' ? value : value === null ? '<nil>' : JSON.stringify(value);
}

function applyObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
  query: WriteQuery,
): Answer {
  const { type, key, name = '', namespace, subresource } = target;
  const fieldManager = request.query.get('fieldManager') ?? '';
  if (fieldManager === '') {
    throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')]);
  }
  const config = decodePatch(body, true);
  if (!isObject(config)) throw badRequest('error decoding YAML: the body is not an object');
  const metadata = metadataOf(config);
  checkApplyKind(config, type);
  requireMatchingName(metadata, name);
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null)
    throw badRequest('metadata.managedFields must be nil');
  const givenNamespace = metadata['namespace'];
  if (
    type.namespaced &&
    typeof givenNamespace === 'string' &&
    givenNamespace !== '' &&
    givenNamespace !== namespace
  ) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const previous = context.store.get(key, namespace, name);
  const { object, created } = context.store.apply(
    key,
    taken(type, config, context.store.typeOf(key)) as unknown as NewObject & { metadata: { name: string } },
    {
      fieldManager,
      force: isTrue(request.query.get('force')),
      dryRun: query.dryRun,
      ...(type.namespaced && namespace !== undefined ? { namespace } : {}),
      ...(subresource === undefined ? {} : { subresource }),
    },
  );
  const headers: Record<string, string> = {};
  warn(headers, warningsOf(target, context, object, previous));
  return objectAnswer(request, type, object, created ? 201 : 200, headers);
}

function checkApplyKind(config: JsonObject, type: ResourceType): void {
  const apiVersion = typeof config['apiVersion'] === 'string' ? config['apiVersion'] : '';
  const kind = typeof config['kind'] === 'string' ? config['kind'] : '';
  if (apiVersion === groupVersion(type) && kind === type.kind) return;
  if (kind === '' || apiVersion === '') {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    throw badRequest(`invalid object type: ${group ?? ''}/${version ?? ''}, Kind=${kind}`);
  }
  throw badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${groupVersion(type)})`,
  );
}
