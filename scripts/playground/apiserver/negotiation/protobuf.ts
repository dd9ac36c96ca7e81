import { isObject, type JsonObject } from '../../storage/json.ts';
import { schemaOf } from '../registry/schema/schema.ts';
import type { Schema, Struct, WireField } from '../registry/schema/types.ts';
import { badRequest } from '../status-error.ts';
import type { ResourceType } from '../registry/resource-type.ts';

/**
 * Reads what kubectl and helm write in protobuf (`create`,
 * `autoscale`, releases). Answers stay JSON, which they accept.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding-idl
 */

const MAGIC = Buffer.from('k8s\0');
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Tag {
  number: number;
  wireType: number;
  varint: bigint;
  bytes: Buffer;
}

function* tagsOf(message: Buffer): Generator<Tag> {
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[offset];
      if (byte === undefined || shift > 63n) throw badRequest('proto: illegal varint');
      offset += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (offset + length > message.length) throw badRequest('unexpected EOF');
    offset += length;
    return message.subarray(offset - length, offset);
  };
  while (offset < message.length) {
    const key = Number(varint());
    const tag: Tag = { number: key >>> 3, wireType: key & 7, varint: 0n, bytes: Buffer.alloc(0) };
    if (tag.wireType === VARINT) tag.varint = varint();
    else if (tag.wireType === BYTES) tag.bytes = take(Number(varint()));
    else if (tag.wireType === FIXED64) tag.bytes = take(8);
    else if (tag.wireType === FIXED32) tag.bytes = take(4);
    else throw badRequest('proto: illegal wireType');
    yield tag;
  }
}

const field = (message: Buffer, number: number): Tag | undefined =>
  [...tagsOf(message)].findLast((tag) => tag.number === number);

const textAt = (message: Buffer, number: number): string =>
  field(message, number)?.bytes.toString('utf8') ?? '';

/**
 * The object in a protobuf body, as the JSON it stands for. `kind` and
 * `apiVersion` are what the envelope says.
 */
export function decodeProtobuf(
  body: Buffer,
  type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'custom'>,
): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]`,
    );
  }
  const envelope = body.subarray(MAGIC.length);
  const typeMeta = field(envelope, 1)?.bytes ?? Buffer.alloc(0);
  const kind = textAt(typeMeta, 2);
  if (envelope.length === 0 || kind === '') {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): empty body (${body.toString('hex')})`,
    );
  }
  const head = { kind, apiVersion: textAt(typeMeta, 1) };
  const schema = schemaOf(type);
  // Of another kind only the name is needed, for the refusal.
  if (kind !== type.kind || schema.kind !== 'struct') return head;
  return { ...head, ...decodeStruct(field(envelope, 2)?.bytes ?? Buffer.alloc(0), schema, '') };
}

function decodeStruct(message: Buffer, schema: Struct, prefix: string): JsonObject {
  const result: JsonObject = {};
  for (const tag of tagsOf(message)) {
    const known = schema.wire.get(prefix + String(tag.number));
    if (known !== undefined) decodeField(result, known, tag);
    else if (hasEmbedded(schema, `${prefix}${tag.number}.`))
      Object.assign(result, decodeStruct(tag.bytes, schema, `${prefix}${tag.number}.`));
  }
  return result;
}

const hasEmbedded = (schema: Struct, prefix: string): boolean =>
  [...schema.wire.keys()].some((path) => path.startsWith(prefix));

function decodeField(result: JsonObject, known: WireField, tag: Tag): void {
  const { schema } = known;
  if (schema.kind === 'list') {
    const list = Array.isArray(result[known.field]) ? (result[known.field] as unknown[]) : [];
    list.push(decodeValue(tag, schema.item));
    result[known.field] = list;
  } else if (schema.kind === 'map') {
    const map = isObject(result[known.field]) ? (result[known.field] as JsonObject) : {};
    const value = field(tag.bytes, 2);
    map[textAt(tag.bytes, 1)] = value === undefined ? '' : decodeValue(value, schema.value);
    result[known.field] = map;
  } else {
    const value = decodeValue(tag, schema);
    const isZero = value === '' || value === 0 || value === false || value === null;
    if (
      !isZero ||
      known.keepsZero ||
      (schema.kind === 'scalar' && schema.type === 'intstr' && value !== null)
    )
      result[known.field] = value;
  }
}

function decodeValue(tag: Tag, schema: Schema): unknown {
  if (schema.kind === 'struct') return decodeStruct(tag.bytes, schema, '');
  if (schema.kind !== 'scalar') return decodeOpen(tag.bytes);
  switch (schema.type) {
    case 'bool':
      return tag.varint !== 0n;
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, tag.varint));
    case 'double':
      return tag.bytes.readDoubleLE(0);
    case 'bytes':
      return tag.bytes.toString('base64');
    case 'quantity':
      return textAt(tag.bytes, 1);
    case 'intstr':
      return (field(tag.bytes, 1)?.varint ?? 0n) === 0n
        ? Number(BigInt.asIntN(64, field(tag.bytes, 2)?.varint ?? 0n))
        : textAt(tag.bytes, 3);
    case 'time':
    case 'microtime':
      return decodeTime(tag.bytes, schema.type === 'microtime');
    default:
      return tag.bytes.toString('utf8');
  }
}

/** FieldsV1 and its like: JSON in a bytes field. */
function decodeOpen(message: Buffer): unknown {
  const raw = field(message, 1)?.bytes;
  if (raw === undefined || raw.length === 0) return {};
  try {
    return JSON.parse(raw.toString('utf8')) as unknown;
  } catch {
    return {};
  }
}

function decodeTime(message: Buffer, isMicro: boolean): string | null {
  const seconds = field(message, 1);
  if (seconds === undefined) return null;
  const date = new Date(Number(BigInt.asIntN(64, seconds.varint)) * 1000).toISOString().slice(0, 19);
  if (!isMicro) return `${date}Z`;
  const micros = Math.floor(Number(field(message, 2)?.varint ?? 0n) / 1000);
  return `${date}.${String(micros).padStart(6, '0')}Z`;
}
