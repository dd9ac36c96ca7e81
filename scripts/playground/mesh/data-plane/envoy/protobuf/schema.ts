import { MESSAGES } from './messages.ts';

export interface FieldType {
  number: number;
  type: string;
  shape: 'one' | 'list' | 'map';
}

export type MessageType = ReadonlyMap<string, FieldType>;
export type EnumType = ReadonlyMap<string, number>;

/** Messages and enums by full name. */
export interface Schema {
  messages: ReadonlyMap<string, MessageType>;
  enums: ReadonlyMap<string, EnumType>;
}

/**
 * What a type may be besides a message or an enum: numbers and
 * strings, and the messages with a JSON form of their own.
 */
const BUILT_IN = new Set([
  'string',
  'bool',
  'uint32',
  'int64',
  'double',
  'Duration',
  'Any',
  'Struct',
  'UInt32Value',
  'BoolValue',
]);

export const schema: Schema = parse(MESSAGES);

function parse(text: string): Schema {
  const messages = new Map<string, Map<string, FieldType>>();
  const enums = new Map<string, EnumType>();
  let packageName = '';
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    if (line.startsWith('package ')) {
      packageName = line.slice('package '.length);
      continue;
    }
    const [head = '', ...rest] = line.split(':');
    const entries = rest
      .join(':')
      .trim()
      .split(' ')
      .filter((entry) => entry !== '');
    if (head.startsWith('enum ')) {
      const values = entries
        .map((entry) => entry.split('='))
        .map(([name = '', value]) => [name, Number(value)] as const);
      enums.set(`${packageName}.${head.slice('enum '.length)}`, new Map(values));
    } else messages.set(`${packageName}.${head}`, new Map(entries.map(field)));
  }
  const known = [...messages.keys(), ...enums.keys()];
  for (const [owner, fields] of messages) {
    for (const type of fields.values()) type.type = resolve(type.type, owner, known);
  }
  return { messages, enums };
}

function field(entry: string): [string, FieldType] {
  const [, name = '', number = '', type = 'string', list, map] =
    /^(\w+)=(\d+)(?::([\w.]+)(\[\])?(\{\})?)?$/.exec(entry) ?? [];
  return [
    name,
    {
      number: Number(number),
      type,
      shape: list === undefined ? (map === undefined ? 'one' : 'map') : 'list',
    },
  ];
}

function resolve(type: string, owner: string, known: string[]): string {
  if (BUILT_IN.has(type) || known.includes(type)) return type;
  const packageOf = (name: string) => name.replace(/\.[A-Z].*$/, '');
  const candidates = known.filter((name) => name === `${packageOf(name)}.${type}`);
  const found = candidates.find((name) => packageOf(name) === packageOf(owner)) ?? candidates[0];
  if (found === undefined) throw new Error(`${owner} has a field of the unknown type ${type}`);
  return found;
}
