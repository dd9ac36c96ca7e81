import type { IncomingMessage } from 'node:http';
import { parseDocument } from 'yaml';
import { findAliasProblem, findDeepNesting, nestsDeepInJson } from '../../../shared/yaml-shape.ts';
import { isObject, type JsonObject } from '../../storage/json.ts';
import type { ResourceType } from '../registry/resource-type.ts';
import { groupVersion } from '../../storage/resource-key.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { duplicateFields } from './duplicate-fields.ts';
import { decodeProtobuf } from './protobuf.ts';

const LIMIT_BYTES = 3 * 1024 * 1024;

/** @throws a 413 Status beyond 3 MiB, the API server's limit */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and thrown away, so that the client gets to read the answer.
    if (size <= LIMIT_BYTES) chunks.push(chunk);
  }
  if (size > LIMIT_BYTES) {
    throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${LIMIT_BYTES}`);
  }
  return Buffer.concat(chunks);
}

export const mediaType = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const OBJECT_TYPES = ['application/json', 'application/yaml', PROTOBUF];

export const unsupportedMediaType = (accepted: string[]) =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** How Go's JSON decoder says that a text ends too early. */
const goSyntaxError = (text: string): string =>
  text.trim() === '' || isCutShort(text)
    ? 'unexpected end of JSON input'
    : `invalid character '${text.trim().charAt(0)}' looking for beginning of value`;

function isCutShort(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (
      error instanceof SyntaxError &&
      /end of JSON|Unterminated|Expected.*after|position/i.test(error.message) &&
      /^\s*[[{"]/.test(text)
    );
  }
}

function expected(type: ResourceType): string {
  return `the object provided is unrecognized (must be of type ${type.kind})`;
}

const excerpt = (text: string): string => (text.length <= 30 ? text : `${text.slice(0, 30)} ...`);

/** Decodes the body of a create or replace into an object of this type. */
export function decodeObject(
  body: Buffer,
  contentType: string | undefined,
  type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'custom'>,
): JsonObject {
  const media = mediaType(contentType);
  if (media === PROTOBUF) {
    if (type.custom) throw unsupportedMediaType(OBJECT_TYPES.filter((one) => one !== PROTOBUF));
    const decoded = decodeProtobuf(body, type);
    checkKind(decoded, type, '');
    return decoded;
  }
  if (media !== '' && !OBJECT_TYPES.includes(media)) throw unsupportedMediaType(OBJECT_TYPES);
  const text = body.toString('utf8');
  const value = media === 'application/yaml' ? decodeYaml(text) : decodeJson(text, type);
  if (!isObject(value))
    throw badRequest(
      `${expected(type as ResourceType)}: couldn't get version/kind; json parse error: ${unmarshalError(value)} (${excerpt(text)})`,
    );
  checkKind(value, type, text);
  if (media !== 'application/yaml') remember(value, text);
  return value;
}

const duplicates = new WeakMap<JsonObject, string[]>();

function remember(value: JsonObject, text: string): void {
  const twice = duplicateFields(text);
  if (twice.length > 0) duplicates.set(value, twice);
}

/** Fields the body of this object gave twice. */
export const duplicatesIn = (object: JsonObject): string[] => duplicates.get(object) ?? [];

function decodeJson(text: string, type: Pick<ResourceType, 'kind'>): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(
      `${expected(type as ResourceType)}: couldn't get version/kind; json parse error: ${goSyntaxError(text)} (${excerpt(text)})`,
    );
  }
}

/** @throws a 400 Status for JSON that is nested too deep; a SyntaxError for invalid JSON */
export function parseJson(text: string): unknown {
  if (nestsDeepInJson(text)) throw badRequest('json: exceeded max depth');
  return JSON.parse(text);
}

/** @throws a 400 Status for invalid YAML, and for YAML that expands beyond the limits */
export function decodeYaml(text: string): unknown {
  const nesting = findDeepNesting(text);
  if (nesting !== undefined) throw badRequest(`yaml: ${nesting.message}`);
  const document = parseDocument(text, { logLevel: 'silent' });
  const problem = document.errors[0] ?? findAliasProblem(document);
  if (problem !== undefined) throw badRequest(`yaml: ${problem.message.split('\n')[0] ?? ''}`);
  return document.toJS({ maxAliasCount: -1 });
}

const goKind = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : value === null
      ? 'null'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;

const unmarshalError = (value: unknown): string =>
  `json: cannot unmarshal ${goKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;

function checkKind(
  value: JsonObject,
  type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'custom'>,
  text: string,
): void {
  const { kind, apiVersion } = value;
  const wanted = groupVersion(type);
  if (type.custom && (kind === undefined || kind === '')) {
    throw badRequest(
      `${expected(type as ResourceType)}: Object 'Kind' is missing in '${JSON.stringify(value)}' (${excerpt(text)})`,
    );
  }
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (typeof kind === 'string' && kind !== '' && kind !== type.kind) {
    throw badRequest(
      `${kind} in version "${type.version}" cannot be handled as a ${type.kind}: converting (${type.version}.${kind}) to (${type.group === '' ? 'core' : (type.group.split('.')[0] ?? '')}.${type.kind}): unknown conversion`,
    );
  }
  value['kind'] = type.kind;
  value['apiVersion'] = wanted;
}

/** Decodes a patch; `apply` bodies may be YAML. */
export function decodePatch(body: Buffer, isApply: boolean): unknown {
  const text = body.toString('utf8');
  if (isApply) return decodeYaml(text);
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`error decoding patch: ${goSyntaxError(text)}`);
  }
}
