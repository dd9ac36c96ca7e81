import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compareStrings, type ValueMap } from '../template/values.ts';
import type { ResourceSet } from './cluster-file.ts';
import { InputError } from './input-error.ts';
import { loadYamlFile } from './load-yaml.ts';
import { fileProblem } from './read-file.ts';

const DEFAULT_FILES = ['default.yml', 'default.yaml', 'default.json'];

export interface SetFiles {
  /** The folder of insertFile and insertTemplate. */
  folder: string;
  /** Template files in the order of their names' bytes. */
  files: string[];
  isSingleFile: boolean;
}

/** Finds a set's templates: the file itself, or a folder's direct children that end in yaml, yml or json. */
export function findSetFiles(set: ResourceSet): SetFiles {
  try {
    if (!statSync(set.path).isDirectory()) {
      return { folder: join(set.path, '..'), files: [set.path], isSingleFile: true };
    }
    const names = readdirSync(set.path, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && /(?:yaml|yml|json)$/.test(entry.name))
      .map((entry) => entry.name)
      .filter((name) => !DEFAULT_FILES.includes(name) && !isFolder(join(set.path, name)));
    return {
      folder: set.path,
      files: names.sort(compareStrings).map((name) => join(set.path, name)),
      isSingleFile: false,
    };
  } catch (error) {
    const { message, exitCode } = fileProblem(set.path, error);
    throw new InputError(`Resource set ${set.name}: ${message}`, exitCode, { cause: error });
  }
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}

/** The values of the first defaults file in a set's folder. */
export function loadDefaults(files: SetFiles, warnings: string[]): ValueMap {
  if (files.isSingleFile) return new Map();
  for (const name of DEFAULT_FILES) {
    const path = join(files.folder, name);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    const loaded = loadDefaultsFile(path);
    warnings.push(...loaded.warnings);
    if (loaded.value === null) return new Map();
    if (loaded.value instanceof Map) return loaded.value;
    throw new InputError(`${path}: ${basename(path)} must hold a map of values.`, 2);
  }
  return new Map();
}

// An unreadable defaults file is an error; kontemplate ignores it and renders without its values.
function loadDefaultsFile(path: string) {
  try {
    return loadYamlFile(path);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(error.message, 2, { cause: error });
    throw error;
  }
}
