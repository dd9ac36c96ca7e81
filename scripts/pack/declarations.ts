import path from 'node:path';
import ts from 'typescript';

/**
 * The types of a library as files beside it: those of `entry`, and of what they name in turn.
 * @param root the repository's top folder
 * @param entry such as `scripts/render/index.ts`
 * @returns texts by their paths in the repository: `scripts/render/index.d.ts`
 */
export function declarationsOf(root: string, entry: string): Map<string, string> {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  // Goes with `incremental` alone.
  delete options.tsBuildInfoFile;
  const program = ts.createProgram([path.join(root, entry)], {
    ...options,
    // `npm run typecheck` does that.
    noCheck: true,
    noEmit: false,
    incremental: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: root,
  });
  const texts = new Map<string, string>();
  program.emit(undefined, (file, text) => texts.set(path.relative(root, file), text));
  return namedBy(entry.replace(/\.ts$/, '.d.ts'), texts);
}

/** What can be reached from a file: types say less than the code that they are of. */
function namedBy(entry: string, texts: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  const open = [entry];
  for (const file of open) {
    const text = texts.get(file);
    if (text === undefined || found.has(file)) continue;
    found.set(file, text);
    for (const [, target = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.ts'/g))
      open.push(path.join(path.dirname(file), `${target}.d.ts`));
  }
  return found;
}
