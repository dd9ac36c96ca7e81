import { deepFreeze } from '../../storage/json.ts';
import type { ResourceType } from '../registry/resource-type.ts';
import { badRequest, invalidOptions, notFound, StatusError, type FieldError } from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import { shown } from '../registry/views.ts';
import { jsonOf, ListCache, listJson, type Answer } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import type { ApiRequest, Target } from '../request.ts';
import { fieldMatcher, labelMatcher, selectedName, type Matcher } from './selectors.ts';
import { asTable, wantsTable } from '../negotiation/tables/negotiate.ts';

/** How long a read waits for a resourceVersion that has not happened yet. */
const FUTURE_WAIT_MS = 3000;

/** Pages of a list that is being read come from the state its first page saw. */
interface Snapshot {
  revision: number;
  objects: KubeObject[];
  /** When it was made, in milliseconds. */
  atMs: number;
}
const snapshots = new WeakMap<ApiContext, Map<string, Snapshot>>();
const MAX_SNAPSHOTS = 100;
/** As long as a real API server keeps the past: etcd's is compacted every 5 minutes. */
const SNAPSHOT_MS = 300_000;
/** In a token: what is left of the list, as it is now. */
const INCONSISTENT = -1;

export type TypedTarget = Target & { type: ResourceType };

export async function getObject(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
): Promise<Answer> {
  await waitForRevision(request, context);
  const { type, key, namespace, name = '' } = target;
  const object = context.store.get(key, namespace, name);
  if (object === undefined) throw notFound(type, name);
  if (wantsTable(request))
    return {
      code: 200,
      ...asTable(request, type, [object], { resourceVersion: object.metadata.resourceVersion }),
    };
  return {
    code: 200,
    body: wantsMetadataOnly(request) ? JSON.stringify(metadataOnly(object)) : jsonOf(shown(type, object)),
  };
}

export async function listObjects(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
): Promise<Answer> {
  checkListOptions(request);
  await waitForRevision(request, context);
  const { type } = target;
  const { objects, metadata } = page(request, target, context);
  if (wantsTable(request)) return { code: 200, ...asTable(request, type, objects, metadata) };
  if (wantsMetadataOnly(request)) {
    return {
      code: 200,
      body: {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: objects.map(metadataOnly),
      },
    };
  }
  const looks = () => objects.map((object) => shown(type, object));
  const isWhole = request.query.get('limit') === null && request.query.get('continue') === null;
  if (!isWhole) return { code: 200, body: listJson(type, looks(), metadata) };
  const id = [request.path, request.query.get('labelSelector'), request.query.get('fieldSelector')].join('|');
  const cache = caches.get(context) ?? new ListCache();
  caches.set(context, cache);
  return {
    code: 200,
    body: cache.listBytes(id, context.store.log.lastChangeOf(target.key), type, looks(), metadata),
  };
}

const caches = new WeakMap<ApiContext, ListCache>();

/** Both selectors of a request as one test; undefined when it has none. */
export function selectorOf({ query }: ApiRequest, type: ResourceType, name?: string): Matcher | undefined {
  const matchers = [
    labelMatcher(query.get('labelSelector') ?? undefined),
    fieldMatcher(query.get('fieldSelector') ?? undefined, type),
    name === undefined ? undefined : (object: KubeObject) => object.metadata.name === name,
  ].filter((one) => one !== undefined);
  if (matchers.length === 0) return undefined;
  return (object) => matchers.every((matches) => matches(object));
}

export function selectObjects(request: ApiRequest, target: TypedTarget, context: ApiContext): KubeObject[] {
  const { type, key, namespace } = target;
  const matches = selectorOf(request, type, target.watchPath ? target.name : undefined);
  const name =
    selectedName(request.query.get('fieldSelector') ?? undefined) ??
    (target.watchPath ? target.name : undefined);
  if (name !== undefined && (namespace !== undefined || !type.namespaced)) {
    const object = context.store.get(key, namespace, name);
    return object !== undefined && (matches?.(object) ?? true) ? [object] : [];
  }
  const objects = context.store.list(key, namespace === undefined ? {} : { namespace });
  return matches === undefined ? objects : objects.filter(matches);
}

interface ContinueToken {
  v: string;
  rv: number;
  start: string;
}

function page(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
): { objects: KubeObject[]; metadata: Record<string, unknown> } {
  const limit = parseLimit(request.query.get('limit'));
  const token = parseToken(request.query.get('continue'));
  const kept = snapshots.get(context) ?? new Map<string, Snapshot>();
  snapshots.set(context, kept);
  const id = [
    target.key,
    target.namespace,
    request.query.get('labelSelector'),
    request.query.get('fieldSelector'),
  ].join('|');
  const nowMs = performance.now();
  const snapshot =
    token === undefined || token.rv === INCONSISTENT
      ? {
          revision: context.store.log.revision,
          objects: selectObjects(request, target, context),
          atMs: nowMs,
        }
      : kept.get(`${id}|${token.rv}`);
  if (snapshot === undefined) throw expired(token);
  const start =
    token === undefined
      ? 0
      : snapshot.objects.findIndex((object) => positionOf(object, target) > token.start);
  const rest = start < 0 ? [] : snapshot.objects.slice(start);
  const metadata: Record<string, unknown> = { resourceVersion: String(snapshot.revision) };
  if (limit === 0 || rest.length <= limit) return { objects: rest, metadata };

  const objects = rest.slice(0, limit);
  const last = objects.at(-1);
  const next: ContinueToken = {
    v: 'meta.k8s.io/v1',
    rv: snapshot.revision,
    start: last === undefined ? '' : `${positionOf(last, target)}\0`,
  };
  metadata['continue'] = encodeToken(next);
  const hasSelector = request.query.get('labelSelector') ?? request.query.get('fieldSelector');
  if (hasSelector === null || hasSelector === '') metadata['remainingItemCount'] = rest.length - limit;
  kept.set(`${id}|${snapshot.revision}`, snapshot);
  for (const [oldest, { atMs }] of kept) {
    if (kept.size <= MAX_SNAPSHOTS && nowMs - atMs < SNAPSHOT_MS) break;
    kept.delete(oldest);
  }
  return { objects, metadata };
}

/**
 * Whoever can do with an inconsistent list may go on where it was:
 * kubernetes apiserver/pkg/storage/errors.go.
 */
function expired(token: ContinueToken | undefined): StatusError {
  const error = new StatusError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  if (token !== undefined)
    error.status.metadata.continue = encodeToken({ ...token, start: `${token.start}\0`, rv: INCONSISTENT });
  return error;
}

const encodeToken = (token: ContinueToken): string =>
  Buffer.from(JSON.stringify(token)).toString('base64url');

/** `/name` within a namespace, `namespace/name` across all. */
function positionOf({ metadata }: KubeObject, { namespace, type }: TypedTarget): string {
  return namespace === undefined && type.namespaced
    ? `${metadata.namespace ?? ''}/${metadata.name}`
    : `/${metadata.name}`;
}

function parseLimit(value: string | null): number {
  if (value === null || value === '') return 0;
  if (!/^-?\d+$/.test(value))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Math.max(0, Number(value));
}

function parseToken(value: string | null): ContinueToken | undefined {
  if (value === null || value === '') return undefined;
  const text = Buffer.from(value, 'base64url').toString('utf8');
  try {
    const token = JSON.parse(text) as ContinueToken;
    return { ...token, start: token.start.replace(/\0$/, '') };
  } catch {
    throw badRequest(
      `invalid continue token: continue key is not valid: invalid character '${text.charAt(0)}' looking for beginning of value`,
    );
  }
}

const optionError = (field: string, message: string): FieldError => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${message}`,
});

function checkListOptions({ query }: ApiRequest): void {
  const version = query.get('resourceVersion');
  const match = query.get('resourceVersionMatch');
  if (match !== null && match !== '' && (version === null || version === '')) {
    throw invalidOptions('ListOptions', [
      optionError(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    ]);
  }
}

export function parseRevision(value: string): number | undefined {
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

/** A read may ask for a state at least as new as a version (or exactly that one). */
async function waitForRevision({ query, target }: ApiRequest, context: ApiContext): Promise<void> {
  const given = query.get('resourceVersion');
  if (given === null || given === '' || given === '0') return;
  const wanted = parseRevision(given);
  if (wanted === undefined) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(given)}: strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`,
    );
  }
  const current = () => context.store.log.revision;
  if (wanted > current()) await reached(wanted, context);
  if (wanted > current()) {
    throw new StatusError(
      504,
      'Timeout',
      `Timeout: Too large resource version: ${wanted}, current: ${current()}`,
      {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    );
  }
  const isChangedSince =
    target !== undefined && (context.store.log.since(target.key, wanted) ?? [1]).length > 0;
  if (query.get('resourceVersionMatch') === 'Exact' && isChangedSince) {
    throw new StatusError(410, 'Expired', 'The resourceVersion for the provided list is too old.');
  }
}

function reached(revision: number, context: ApiContext): Promise<void> {
  return new Promise((resolve) => {
    const deadline = Date.now() + FUTURE_WAIT_MS;
    const timer = setInterval(() => {
      if (context.store.log.revision < revision && Date.now() < deadline) return;
      clearInterval(timer);
      resolve();
    }, 50);
  });
}

const wantsMetadataOnly = ({ headers }: ApiRequest): boolean =>
  /as=PartialObjectMetadata/.test((headers.accept ?? '').split(',')[0] ?? '');

export function metadataOnly({ metadata }: KubeObject): KubeObject {
  return deepFreeze({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
}

export { wantsMetadataOnly };
