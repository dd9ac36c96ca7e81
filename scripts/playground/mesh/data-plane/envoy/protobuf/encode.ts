import { schema, type FieldType } from './schema.ts';
import { Writer } from './wire.ts';

const TYPE_PREFIX = 'type.googleapis.com/';

/**
 * Turns a message in proto-JSON spelling (snake_case) into protobuf.
 * Throws on what the schema does not know: nothing is left out silently.
 * @param name the message's full name.
 */
export function encode(name: string, json: object): Buffer {
  const message = schema.messages.get(name);
  if (message === undefined) throw new Error(`there is no message ${name} in the schema`);
  const writer = new Writer();
  for (const [key, value] of Object.entries(json) as [string, unknown][]) {
    if (value === undefined || key === '@type') continue;
    const type = message.get(key);
    if (type === undefined) throw new Error(`${name} has no field ${key} in the schema`);
    try {
      writeField(writer, type, value);
    } catch (error) {
      throw new Error(`${name}.${key}: ${(error as Error).message}`, { cause: error });
    }
  }
  return writer.finish();
}

/** `google.protobuf.Any` of a message that names its type in `@type`. */
export function encodeAny(json: object): Buffer {
  const type = (json as { '@type'?: string })['@type'] ?? '';
  return anyOf(type, encode(type.slice(TYPE_PREFIX.length), json));
}

/** `google.protobuf.Any` around a message. */
export function anyOf(typeUrl: string, message: Buffer): Buffer {
  const writer = new Writer();
  writer.bytes(1, typeUrl);
  writer.bytes(2, message);
  return writer.finish();
}

function writeField(writer: Writer, { number, type, shape }: FieldType, value: unknown): void {
  if (shape === 'list') {
    for (const one of value as unknown[]) writeOne(writer, number, type, one);
  } else if (shape === 'map') {
    for (const [key, one] of Object.entries(value as object)) {
      const entry = new Writer();
      entry.bytes(1, key);
      writeOne(entry, 2, type, one);
      writer.bytes(number, entry.finish());
    }
  } else writeOne(writer, number, type, value);
}

function writeOne(writer: Writer, number: number, type: string, value: unknown): void {
  switch (type) {
    case 'string':
      writer.bytes(number, String(value));
      return;
    case 'bool':
      writer.varint(number, value === true ? 1 : 0);
      return;
    case 'uint32':
    case 'int64':
      writer.varint(number, BigInt(value as number | string));
      return;
    case 'double':
      writer.double(number, value as number);
      return;
    case 'Duration':
      writer.bytes(number, duration(value as string));
      return;
    case 'UInt32Value':
      writer.bytes(number, wrapper(BigInt(value as number)));
      return;
    case 'BoolValue':
      writer.bytes(number, wrapper(value === true ? 1n : 0n));
      return;
    case 'Struct':
      writer.bytes(number, struct(value as object));
      return;
    case 'Any':
      writer.bytes(number, encodeAny(value as object));
      return;
  }
  const values = schema.enums.get(type);
  if (values === undefined) {
    writer.bytes(number, encode(type, value as object));
    return;
  }
  const found = values.get(String(value));
  if (found === undefined) throw new Error(`${type} has no value ${String(value)}`);
  writer.varint(number, found);
}

function wrapper(value: bigint): Buffer {
  const writer = new Writer();
  writer.varint(1, value);
  return writer.finish();
}

/** `1.5s` */
function duration(text: string): Buffer {
  const match = /^(\d+)(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) throw new Error(`"${text}" is no duration`);
  const writer = new Writer();
  writer.varint(1, BigInt(match[1] ?? 0));
  if (match[2] !== undefined) writer.varint(2, BigInt(match[2].padEnd(9, '0')));
  return writer.finish();
}

/** `google.protobuf.Struct`: any JSON object. */
function struct(json: object): Buffer {
  const writer = new Writer();
  for (const [key, one] of Object.entries(json)) {
    const entry = new Writer();
    entry.bytes(1, key);
    entry.bytes(2, jsonValue(one));
    writer.bytes(1, entry.finish());
  }
  return writer.finish();
}

function jsonValue(value: unknown): Buffer {
  const writer = new Writer();
  if (value === null || value === undefined) writer.varint(1, 0);
  else if (typeof value === 'number') writer.double(2, value);
  else if (typeof value === 'string') writer.bytes(3, value);
  else if (typeof value === 'boolean') writer.varint(4, value ? 1 : 0);
  else if (Array.isArray(value)) {
    const list = new Writer();
    for (const one of value) list.bytes(1, jsonValue(one));
    writer.bytes(6, list.finish());
  } else writer.bytes(5, struct(value));
  return writer.finish();
}
