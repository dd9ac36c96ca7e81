import { LineCounter, isScalar, parseAllDocuments, visit, type ScalarTag, type Document } from 'yaml';
import { findAliasProblem, findDeepNesting, type ShapeProblem } from '../../shared/yaml-shape.ts';
import type { Value, ValueMap } from '../template/values.ts';
import { InputError } from './input-error.ts';
import { readTextFile } from './read-file.ts';

/**
 * Scalars as kontemplate reads them (YAML 1.1 numbers: 010 is 8, 1_000 is 1000, 1e3 without a sign stays
 * text, so that a commit hash such as 7e12345 survives), with one deliberate difference: only true and false
 * are booleans, as in YAML 1.2. A reader is warned where yes, no, on, off, y or n stand as they are.
 */
const scalarTags: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:null',
    default: true,
    test: /^(?:~|null|Null|NULL)?$/,
    resolve: () => null,
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:true|True|TRUE|false|False|FALSE)$/,
    resolve: (text) => /^t/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)$/,
    resolve: integer,
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^[-+]?[0-9][0-9_]*\.[0-9_]+(?:[eE][-+][0-9]+)?$|^[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?$|^[-+]?[0-9][0-9_]*[eE][-+][0-9]+$/,
    resolve: float,
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: (text) => (/nan/i.test(text) ? NaN : text.startsWith('-') ? -Infinity : Infinity),
  },
  {
    // Reached by an explicit !!float only: without a tag, digits alone are an integer.
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^[-+]?[0-9]+$/,
    resolve: float,
  },
];

/** A float; out of range it stays text. */
function float(text: string): number | string {
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : text;
}

function integer(text: string): number {
  const plain = text.replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1 : 1;
  const digits = plain.replace(/^[-+]/, '');
  const octal = /^0[oO]?([0-7]+)$/.exec(digits);
  const value = octal === null ? Number(digits) : Number(`0o${octal[1] ?? ''}`);
  return value === 0 ? 0 : sign * value;
}

export interface LoadedYaml {
  value: Value;
  /** One line each, with file:line:column. */
  warnings: string[];
}

/** Reads the first YAML (or JSON) document of a file; later documents are ignored. */
export function loadYamlFile(path: string): LoadedYaml {
  return loadYaml(readTextFile(path), path);
}

export function loadYaml(text: string, path: string): LoadedYaml {
  const lines = new LineCounter();
  const withoutMark = text.replace(/^\ufeff/, '');
  const nesting = findDeepNesting(withoutMark);
  if (nesting !== undefined) throw new InputError(`${placeIn(withoutMark, path, nesting)}.`, 2);
  const documents = parseAllDocuments(withoutMark, {
    schema: 'failsafe',
    customTags: scalarTags,
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const [document] = documents as Document.Parsed[];
  if (document === undefined) return { value: null, warnings: [] };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const exitCode = problem.code === 'DUPLICATE_KEY' ? 2 : 1;
    const message = problem.message.replace(/\s+/g, ' ');
    throw new InputError(`${place(path, lines, problem.pos[0])}: ${message}.`, exitCode);
  }
  const aliases = findAliasProblem(document);
  if (aliases !== undefined)
    throw new InputError(`${place(path, lines, aliases.offset)}: ${aliases.message}.`, 2);
  return { value: toValue(document, path), warnings: warningsOf(document, path, lines) };
}

/** Line and column of an offset, before the parser has counted lines. */
function placeIn(text: string, path: string, { offset, message }: ShapeProblem): string {
  const before = text.slice(0, offset).split('\n');
  return `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${message}`;
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

function toValue(document: Document.Parsed, path: string): Value {
  let data: unknown;
  try {
    data = document.toJS({ mapAsMap: true, maxAliasCount: -1 });
  } catch (error) {
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}.`, 2, {
      cause: error,
    });
  }
  return convert(data, path);
}

function convert(data: unknown, path: string): Value {
  if (data === undefined || data === null) return null;
  if (Array.isArray(data)) return data.map((item) => convert(item, path));
  if (data instanceof Map) {
    const map: ValueMap = new Map();
    for (const [key, item] of data) map.set(keyText(key, path), convert(item, path));
    return map;
  }
  if (data instanceof Uint8Array) return Buffer.from(data).toString('utf8');
  if (data instanceof Set) return new Map([...data].map((key) => [keyText(key, path), null]));
  switch (typeof data) {
    case 'number':
      if (!Number.isFinite(data)) {
        throw new InputError(
          `${path}: .inf, .nan and numbers beyond the range of a float cannot be used.`,
          1,
        );
      }
      return data;
    case 'bigint':
      return Number(data);
    case 'string':
    case 'boolean':
      return data;
    default:
      throw new InputError(`${path}: a ${typeof data} cannot be used as a value.`, 1);
  }
}

function keyText(key: unknown, path: string): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'boolean') return String(key);
  const kind = key === null || key === undefined ? 'null' : 'a list or map';
  throw new InputError(`${path}: ${kind} cannot be a key.`, 1);
}

const YAML_1_1_BOOLEAN = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;

/** Plain scalars that may not mean what their author thinks. */
function warningsOf(document: Document.Parsed, path: string, lines: LineCounter): string[] {
  const warnings: string[] = [];
  visit(document, {
    Scalar(_, node) {
      if (!isScalar(node) || node.type !== 'PLAIN' || node.range == null) return;
      const text = node.source ?? '';
      const at = place(path, lines, node.range[0]);
      if (YAML_1_1_BOOLEAN.test(text)) {
        const truth = /^(?:y|on)/i.test(text);
        warnings.push(
          `${at}: ${text} is text here (YAML 1.2); YAML 1.1 reads ${truth}. Write ${truth} or "${text}".`,
        );
      } else if (typeof node.value === 'number' && String(node.value) !== text) {
        // 1.10, 007, 0x10, a date in more digits than a float holds: another version when written out again.
        warnings.push(`${at}: ${text} is the number ${node.value}. Quote it if it is a version: "${text}".`);
      }
    },
  });
  return warnings;
}
