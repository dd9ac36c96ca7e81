import { Budget } from '../template/format.ts';
import {
  Instance,
  Typed,
  sortedKeys,
  type MaybeValue,
  type Value,
  type ValueMap,
} from '../template/values.ts';

const ESCAPES: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A JSON string as Go writes it: HTML characters and line separators escaped, lone surrogates replaced. */
export function jsonText(text: string): string {
  const wellFormed = /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;
  return JSON.stringify(wellFormed)
    .replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] ?? char)
    .replace(/\\+[bf]/g, escapedControl);
}

// Only an odd number of backslashes makes \b or \f an escape.
function escapedControl(match: string): string {
  if (match.length % 2 === 1) return match;
  return `${match.slice(0, -2)}${match.endsWith('b') ? '\\u0008' : '\\u000c'}`;
}

function numberText(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Go's json.Marshal: compact, keys sorted. A number that JSON cannot hold makes the whole text empty. */
export function toJson(value: MaybeValue): string {
  return encode(value) ?? '';
}

function encode(value: MaybeValue, budget = new Budget()): string | undefined {
  budget.spend();
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'string':
      return jsonText(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return numberText(value);
  }
  if (value instanceof Typed) {
    return typeof value.value === 'number' ? numberText(value.value) : String(value.value);
  }
  if (value instanceof Instance) return jsonText(value.text);
  return budget.within(() => encodeCollection(value, budget));
}

function encodeCollection(value: Value[] | ValueMap, budget: Budget): string | undefined {
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = encode(item, budget);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join(',')}]`;
  }
  for (const key of sortedKeys(value)) {
    const text = encode(value.get(key), budget);
    if (text === undefined) return undefined;
    parts.push(`${jsonText(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** Go's json.MarshalIndent with two spaces. */
export function toPrettyJson(value: MaybeValue): string {
  return encode(value) === undefined ? '' : pretty(value, '\n');
}

function pretty(value: MaybeValue, newLine: string): string {
  const inner = `${newLine}  `;
  if (Array.isArray(value) && value.length > 0) {
    return `[${inner}${value.map((item) => pretty(item, inner)).join(`,${inner}`)}${newLine}]`;
  }
  if (value instanceof Map && value.size > 0) {
    const entries = sortedKeys(value).map((key) => `${jsonText(key)}: ${pretty(value.get(key), inner)}`);
    return `{${inner}${entries.join(`,${inner}`)}${newLine}}`;
  }
  return encode(value) ?? '';
}
