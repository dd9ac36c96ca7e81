/**
 * Takes folders away from a clone, and with them the tests that need
 * them: what then remains must stand by itself.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';
import { runMain } from '../../shared/run-main.ts';
import { sourceFiles } from '../source-files.ts';
import { testsThatNeed } from './tests-that-need.ts';

const usage = `Takes folders away from the clone it is called in, and with them the tests that need them.

Usage: node --import ./load-typescript.mjs scripts/new/take-away/main.ts FOLDER ...

Example: node --import ./load-typescript.mjs scripts/new/take-away/main.ts scripts/playground scripts/demo scripts/bench
`;

await runMain(async ({ argv }) => {
  if (argv.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  const [first] = argv;
  if (first === undefined) throw new UsageError('Name the folders to take away. See --help.');
  const root = process.cwd();
  const files = sourceFiles(root);
  const stranger = argv.find((folder) => !files.some((file) => file.startsWith(`${folder}/`)));
  if (stranger !== undefined) throw new UsageError(`There is no folder ${stranger} here.`);
  const needing = testsThatNeed(root, files, argv);
  for (const gone of [...argv, ...needing]) rmSync(path.join(root, gone), { recursive: true, force: true });
  withoutScriptsOf(root, argv);
  for (const test of needing) process.stderr.write(`${printable(test)}\n`);
  process.stderr.write(
    `${printable(`${needing.length} files of tests needed them and are gone as well.`)}\n`,
  );
  return Promise.resolve(0);
});

/** Of each npm script the commands that name nothing of what is gone. */
function withoutScriptsOf(root: string, folders: readonly string[]): void {
  const file = path.join(root, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    scripts: Record<string, string>;
    workspaces?: string[];
  };
  const names = (text: string): boolean => folders.some((folder) => text.includes(folder));
  manifest.workspaces = (manifest.workspaces ?? []).filter((workspace) => !names(workspace));
  manifest.scripts = Object.fromEntries(
    Object.entries(manifest.scripts).flatMap(([name, script]) => {
      const left = script.split(' && ').filter((command) => !names(command));
      return left.length === 0 ? [] : [[name, left.join(' && ')]];
    }),
  );
  writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
}
