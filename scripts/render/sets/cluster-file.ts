import { dirname, isAbsolute, join, normalize } from 'node:path';
import { nearest } from '../template/did-you-mean.ts';
import { formatValue } from '../template/format.ts';
import { kindOf, type Value, type ValueMap } from '../template/values.ts';
import { InputError } from './input-error.ts';
import { loadYaml, loadYamlFile } from './load-yaml.ts';
import { readTextFile } from './read-file.ts';

/** A set as it is rendered: groups are already flattened into their members. */
export interface ResourceSet {
  name: string;
  /** Name of the group it came from. */
  group: string | undefined;
  /** Folder or single file, usable from the current folder. */
  path: string;
  values: ValueMap;
  /** Further kubectl arguments. */
  args: string[];
}

export interface ClusterFile {
  path: string;
  /** Its folder: paths inside are relative to it. */
  folder: string;
  context: string;
  global: ValueMap;
  /** Values of the imported files, later files over earlier ones. */
  imported: ValueMap;
  sets: ResourceSet[];
  warnings: string[];
}

/**
 * Loads a cluster file with its imports.
 * @param text its text, instead of the file's content
 */
export function loadClusterFile(path: string, text = readTextFile(path)): ClusterFile {
  const { value, warnings } = loadYaml(text, path);
  const reader = new Reader(path, warnings);
  const root = reader.fields(value, 'the cluster file', ['context', 'global', 'import', 'include']);
  const folder = dirname(path);
  const imported: ValueMap = new Map();
  for (const file of reader.strings(root.import, 'import')) {
    const loaded = loadYamlFile(isAbsolute(file) ? file : join(folder, file));
    warnings.push(...loaded.warnings);
    const values = new Reader(join(folder, file), warnings).map(loaded.value, 'its content');
    for (const [key, item] of values) imported.set(key, item);
  }
  return {
    path,
    folder,
    context: reader.string(root.context, 'context'),
    global: reader.map(root.global, 'global'),
    imported,
    sets: reader.list(root.include, 'include').flatMap((set) => flatten(reader, set, folder)),
    warnings,
  };
}

const SET_FIELDS = ['name', 'path', 'values', 'args', 'include'] as const;

function flatten(reader: Reader, value: Value, folder: string): ResourceSet[] {
  const set = readSet(reader, value);
  if (set.members.length === 0) {
    const { name, args, values } = set;
    return [{ name, group: undefined, path: resolve(folder, set.path), values, args }];
  }
  return set.members.map((member) => {
    const child = readSet(reader, member);
    if (child.members.length > 0) {
      reader.warnings.push(
        `${reader.file}: ${set.name}/${child.name}: groups do not nest; its include is ignored.`,
      );
    }
    return {
      name: `${set.name}/${child.name}`,
      group: set.name,
      path: resolve(folder, join(set.path, child.path)),
      values: new Map([...set.values, ...child.values]),
      args: child.args,
    };
  });
}

function readSet(reader: Reader, value: Value) {
  const fields = reader.fields(value, 'include', SET_FIELDS);
  const name = reader.string(fields.name, 'name');
  if (name === '') reader.warnings.push(`${reader.file}: a set in include has no name.`);
  const path = reader.string(fields.path, `path of set ${name}`);
  return {
    name,
    path: path === '' ? name : path,
    values: reader.map(fields.values, `values of set ${name}`),
    args: reader.strings(fields.args, `args of set ${name}`),
    members: reader.list(fields.include, `include of set ${name}`),
  };
}

const resolve = (folder: string, path: string): string =>
  normalize(isAbsolute(path) ? path : join(folder, path));

/** Reads typed fields; an error names the file and the field. */
class Reader {
  readonly file: string;
  readonly warnings: string[];

  constructor(file: string, warnings: string[]) {
    this.file = file;
    this.warnings = warnings;
  }

  private wrong(what: string, wanted: string, value: Value): never {
    const kind = kindOf(value) === 'slice' ? 'list' : kindOf(value);
    throw new InputError(`${this.file}: ${what} must be ${wanted}, got a ${kind}.`, 1);
  }

  /** Known fields, case-insensitive; unknown ones get a warning. */
  fields<const N extends string>(value: Value, what: string, names: readonly N[]): Partial<Record<N, Value>> {
    const found: Partial<Record<N, Value>> = {};
    if (value === null) return found;
    if (!(value instanceof Map)) return this.wrong(what, 'a map', value);
    for (const [key, item] of value) {
      const name = names.find((each) => each === key) ?? names.find((each) => each === key.toLowerCase());
      if (name !== undefined) found[name] = item;
      else {
        const near = nearest(key, names)[0];
        const hint = near === undefined ? `Known: ${names.join(', ')}.` : `Did you mean ${near}?`;
        this.warnings.push(`${this.file}: unknown field ${key} in ${what} is ignored. ${hint}`);
      }
    }
    return found;
  }

  map(value: Value | undefined, what: string): ValueMap {
    if (value === undefined || value === null) return new Map();
    return value instanceof Map ? value : this.wrong(what, 'a map', value);
  }

  list(value: Value | undefined, what: string): Value[] {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : this.wrong(what, 'a list', value);
  }

  /** Text; numbers and booleans are converted. */
  string(value: Value | undefined, what: string): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'object') return this.wrong(what, 'text', value);
    return formatValue(value, 'plain');
  }

  strings(value: Value | undefined, what: string): string[] {
    return this.list(value, what).map((item) => this.string(item, `an entry of ${what}`));
  }
}
