/** Who imports whom. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const importPattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)['"](\.[^'"]+)['"]/g;

/** Which files each file imports, values and types alike, lazily or not. */
export function importGraph(files: readonly string[]): Map<string, string[]> {
  return new Map(
    files.map((file): [string, string[]] => [
      file,
      [...readFileSync(file, 'utf8').matchAll(importPattern)].map(([, target = '']) =>
        path.resolve(path.dirname(file), target),
      ),
    ]),
  );
}

/** A circle through each file that is in one, as a path from the file back to it. */
export function circles(imports: ReadonlyMap<string, string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) found.push([...way.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}
