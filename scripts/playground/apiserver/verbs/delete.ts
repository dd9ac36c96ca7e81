import { isObject, type JsonObject } from '../../storage/json.ts';
import { badRequest, invalidOptions, invalidValue, isStatusError } from '../status-error.ts';
import type { DeleteOptions } from '../../storage/store.ts';
import type { KubeObject } from '../../storage/types.ts';
import { shown } from '../registry/views.ts';
import { listJson, type Answer } from '../answer.ts';
import { decodeYaml, mediaType, parseJson } from '../negotiation/body.ts';
import type { ApiContext } from '../context.ts';
import { decodeProtobuf } from '../negotiation/protobuf.ts';
import { selectObjects, type TypedTarget } from './read.ts';
import type { ApiRequest } from '../request.ts';
import { dryRunOf, objectAnswer } from './write.ts';

const POLICIES = ['Background', 'Foreground', 'Orphan'] as const;

function bodyOptions(request: ApiRequest, body: Buffer): JsonObject {
  if (body.length === 0) return {};
  if (mediaType(request.headers['content-type']) === 'application/vnd.kubernetes.protobuf') {
    return decodeProtobuf(body, { group: '', version: 'v1', kind: 'DeleteOptions', custom: false });
  }
  const text = body.toString('utf8');
  // Client libraries send an empty body with a content type: that is no options.
  const value: unknown =
    mediaType(request.headers['content-type']) === 'application/yaml' ? decodeYaml(text) : safeJson(text);
  return isObject(value) ? value : {};
}

function safeJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw badRequest("couldn't get version/kind; json parse error: invalid DeleteOptions");
  }
}

export function deleteOptions(request: ApiRequest, body: Buffer): DeleteOptions {
  const options = bodyOptions(request, body);
  const { query } = request;
  const grace =
    options['gracePeriodSeconds'] ??
    (query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : undefined);
  const policy = options['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  const orphan =
    options['orphanDependents'] ??
    (query.has('orphanDependents') ? query.get('orphanDependents') === 'true' : undefined);
  const conditions = isObject(options['preconditions']) ? options['preconditions'] : {};
  if (policy !== undefined && orphan !== undefined) {
    throw invalidOptions('DeleteOptions', [
      invalidValue(
        'propagationPolicy',
        policy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    ]);
  }
  if (policy !== undefined && !POLICIES.includes(policy as (typeof POLICIES)[number])) {
    throw invalidOptions('DeleteOptions', [
      {
        field: 'propagationPolicy',
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
      },
    ]);
  }
  if (typeof grace === 'number' && grace < 0) {
    throw invalidOptions('DeleteOptions', [
      invalidValue('gracePeriodSeconds', grace, 'must be greater than or equal to 0'),
    ]);
  }
  const propagation = policy ?? (orphan === true ? 'Orphan' : orphan === false ? 'Background' : undefined);
  return {
    dryRun: dryRunOf(request, 'DeleteOptions', options['dryRun']),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(propagation === undefined ? {} : { propagationPolicy: propagation as (typeof POLICIES)[number] }),
    ...(typeof conditions['uid'] === 'string' ? { uid: conditions['uid'] } : {}),
    ...(typeof conditions['resourceVersion'] === 'string'
      ? { resourceVersion: conditions['resourceVersion'] }
      : {}),
  };
}

export function deleteObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key, namespace, name = '' } = target;
  const { object, gone } = context.store.remove(key, namespace, name, deleteOptions(request, body));
  if (!gone || type.deleteReturnsObject) return objectAnswer(request, type, object, 200);
  return {
    code: 200,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(type.group === '' ? {} : { group: type.group }),
        kind: type.plural,
        uid: object.metadata.uid,
      },
    },
  };
}

export function deleteCollection(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key } = target;
  const options = deleteOptions(request, body);
  const deleted: KubeObject[] = [];
  for (const { metadata } of selectObjects(request, target, context)) {
    try {
      deleted.push(context.store.remove(key, metadata.namespace, metadata.name, options).object);
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }
  const objects = deleted.map((object) => shown(type, object));
  return { code: 200, body: listJson(type, objects, { resourceVersion: context.store.resourceVersion }) };
}
