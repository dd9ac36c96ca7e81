import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { stringify } from 'yaml';
import type { ResourceType } from './registry/resource-type.ts';
import { groupVersion } from '../storage/resource-key.ts';
import { StatusError, type Status } from './status-error.ts';
import type { KubeObject } from '../storage/types.ts';

/** What a handler returns when it does not stream. A string body, and bytes, are sent as they are. */
export interface Answer {
  code: number;
  body: unknown;
  headers?: Record<string, string>;
}

const compress = promisify(gzip);

/** Answers at least this long are compressed for clients that accept it, as kube-apiserver does. */
const GZIP_FROM_BYTES = 128 * 1024;

const FLOW_SCHEMA_UID = randomUUID();
const PRIORITY_LEVEL_UID = randomUUID();

export function commonHeaders(): Record<string, string> {
  return {
    'audit-id': randomUUID(),
    'cache-control': 'no-cache, private',
    'x-kubernetes-pf-flowschema-uid': FLOW_SCHEMA_UID,
    'x-kubernetes-pf-prioritylevel-uid': PRIORITY_LEVEL_UID,
  };
}

const serialized = new WeakMap<KubeObject, string>();

/**
 * JSON of a stored object. Stored objects never change, so it is made once, however many watchers there are.
 */
export function jsonOf(object: KubeObject): string {
  let text = serialized.get(object);
  if (text === undefined) {
    const { kind, apiVersion, ...rest } = object;
    text = JSON.stringify({ kind, apiVersion, ...rest });
    if (Object.isFrozen(object)) serialized.set(object, text);
  }
  return text;
}

/** `{"kind":"PodList",…}`; items of built-in types carry no kind of their own. */
export function listJson(
  type: ResourceType,
  objects: KubeObject[],
  metadata: Record<string, unknown>,
): string {
  return `${listHead(type, metadata)}${itemsJson(type, objects)}]}`;
}

function listHead(type: ResourceType, metadata: Record<string, unknown>): string {
  const head = { kind: `${type.kind}List`, apiVersion: groupVersion(type), metadata };
  return `${JSON.stringify(head).slice(0, -1)},"items":[`;
}

function itemsJson(type: ResourceType, objects: KubeObject[]): string {
  const prefix = `{"kind":${JSON.stringify(type.kind)},"apiVersion":${JSON.stringify(groupVersion(type))},`;
  const items = objects.map((object) => {
    const text = jsonOf(object);
    return !type.custom && text.startsWith(prefix) ? `{${text.slice(prefix.length)}` : text;
  });
  return items.join(',');
}

/** The items of a long list as bytes, and since which change they are true. */
interface KeptItems {
  changed: number;
  bytes: Buffer;
}

const LONG_LIST = 100;
const MAX_KEPT = 8;
const END = Buffer.from(']}');

/** Long lists that many clients ask for: what did not change is not written out again. */
export class ListCache {
  private readonly kept = new Map<string, KeptItems>();

  /**
   * @param id what was asked for: type, namespace, selectors
   * @param changed when an object of the resource last changed
   */
  listBytes(
    id: string,
    changed: number,
    type: ResourceType,
    objects: KubeObject[],
    metadata: Record<string, unknown>,
  ): string | Buffer {
    if (objects.length < LONG_LIST) return listJson(type, objects, metadata);
    let items = this.kept.get(id);
    if (items?.changed !== changed) {
      items = { changed, bytes: Buffer.from(itemsJson(type, objects)) };
      this.kept.delete(id);
      this.kept.set(id, items);
      for (const oldest of this.kept.keys()) {
        if (this.kept.size <= MAX_KEPT) break;
        this.kept.delete(oldest);
      }
    }
    return Buffer.concat([Buffer.from(listHead(type, metadata)), items.bytes, END]);
  }
}

export function statusAnswer(error: unknown): Answer {
  const status = toStatus(error);
  const retryAfter = status.details?.retryAfterSeconds;
  return {
    code: status.code ?? 500,
    body: status,
    headers: {
      ...(status.reason === 'Forbidden' ? { 'x-content-type-options': 'nosniff' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  };
}

function toStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: '', message }],
  }).status;
}

export async function send(
  response: ServerResponse,
  accept: string,
  acceptEncoding: string,
  answer: Answer,
): Promise<void> {
  const { code, body, headers = {} } = answer;
  const isText = typeof body === 'string' && headers['content-type'] !== undefined;
  const asYaml = !isText && accept.split(',')[0]?.trim().startsWith('application/yaml') === true;
  const given = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const payload = asYaml
    ? Buffer.from(
        stringify(JSON.parse(given.toString()), { sortMapEntries: true, aliasDuplicateObjects: false }),
      )
    : given;
  const all: Record<string, string> = {
    ...commonHeaders(),
    'content-type': asYaml ? 'application/yaml' : 'application/json',
    ...headers,
  };
  const isBig = payload.length >= GZIP_FROM_BYTES && acceptEncoding.includes('gzip');
  const bytes = isBig ? await compress(payload, { level: 1 }) : payload;
  if (isBig) Object.assign(all, { 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
  response.writeHead(code, { ...all, ...(code === 304 ? {} : { 'content-length': String(bytes.length) }) });
  response.end(code === 304 ? undefined : bytes);
}
