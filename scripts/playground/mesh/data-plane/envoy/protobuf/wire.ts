/** Protobuf's wire format. https://protobuf.dev/programming-guides/encoding/ */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Collects fields of one message. */
export class Writer {
  readonly #parts: Buffer[] = [];

  varint(field: number, value: bigint | number): void {
    this.#tag(field, VARINT);
    this.#parts.push(varint(BigInt.asUintN(64, BigInt(value))));
  }

  double(field: number, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#tag(field, FIXED64);
    this.#parts.push(bytes);
  }

  /** Strings, bytes and messages. */
  bytes(field: number, value: Buffer | string): void {
    const content = typeof value === 'string' ? Buffer.from(value) : value;
    this.#tag(field, BYTES);
    this.#parts.push(varint(BigInt(content.length)), content);
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #tag(field: number, type: number): void {
    this.#parts.push(varint(BigInt((field << 3) | type)));
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

/** One field of a message: numbers as they are, everything with a length as bytes. */
export interface Field {
  number: number;
  value: bigint | Buffer;
}

/** Reads a message's fields in order. Throws when it ends too early. */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) throw new Error('a protobuf message ends within a number');
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw new Error('a protobuf message ends within a field');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(readVarint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case VARINT:
        yield { number, value: readVarint() };
        break;
      case FIXED64:
        yield { number, value: take(8) };
        break;
      case BYTES:
        yield { number, value: take(Number(readVarint())) };
        break;
      case FIXED32:
        yield { number, value: take(4) };
        break;
      default:
        throw new Error(`a protobuf message has a field of the unknown type ${tag & 7}`);
    }
  }
}
