import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeWholeFile } from '../shared/whole-file.ts';
import { manifestOf, toolsPackage } from './tools-package.ts';

/** Where the tools are put for `npm pack`, below the repository's top folder. */
const FOLDER = 'dist/tools';
/** The repository's own package.json, while another one stands in its place. */
const KEPT = 'dist/package.json.kept';

/**
 * Before `npm pack`: builds the tools, and puts their package.json in
 * the place of the repository's, whose dependencies they do not need.
 * @param root the repository's top folder
 */
export function beforePack(root: string): void {
  afterPack(root);
  const files = toolsPackage(root);
  rmSync(path.join(root, FOLDER), { recursive: true, force: true });
  for (const { path: file, data, isProgram } of files) {
    const target = path.join(root, FOLDER, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeWholeFile(target, data, { mode: isProgram ? 0o755 : 0o644 });
  }
  const packed = { ...below(manifestOf(root)), files: [FOLDER] };
  const own = path.join(root, 'package.json');
  writeWholeFile(path.join(root, KEPT), readFileSync(own));
  writeWholeFile(own, `${JSON.stringify(packed, undefined, 2)}\n`);
}

/** After it, and when one was broken off: the repository's own package.json is back. */
export function afterPack(root: string): void {
  const kept = path.join(root, KEPT);
  if (existsSync(kept)) renameSync(kept, path.join(root, 'package.json'));
}

/** What the manifest says of files, as they lie from the top folder. */
function below(manifest: Record<string, unknown>): Record<string, unknown> {
  const place = (value: unknown): unknown => {
    if (typeof value === 'string') return `./${path.posix.join(FOLDER, value)}`;
    return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, place(each)]));
  };
  return { ...manifest, bin: place(manifest['bin']), exports: place(manifest['exports']) };
}
