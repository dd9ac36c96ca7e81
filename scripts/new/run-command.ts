import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../shared/errors.ts';
import { makeTempFolder } from '../shared/own-folder.ts';
import type { Steps } from '../shared/terminal.ts';
import { chooseFiles, withNeeds, type Chosen } from './choose-files.ts';
import type { NewCommand } from './command-line.ts';
import { VENDOR } from './contents.ts';
import { manifestFor, readManifest } from './manifest.ts';
import { verifyName } from './name.ts';
import { sourceFiles, verifyCommitted } from './source-files.ts';
import { createRenaming } from './words.ts';
import { archiveName, toolsArchive, writeFiles, writeLock } from './write-repository.ts';

export interface NewContext {
  /** This repository's top folder. */
  root: string;
  /** The npm that runs this command. */
  npm: string | undefined;
  steps: Steps;
}

export interface NewRepository {
  name: string;
  /** The new top folder. */
  out: string;
  /** As they are called there. */
  files: string[];
  reasons: { file: string; because: string }[];
}

/**
 * Makes the repository, or says with `dryRun` what would be in it. It is there whole or not at all.
 * @throws UsageError for a name or folder that cannot be; CommandError for a source that is not committed
 */
export async function makeRepository(command: NewCommand, context: NewContext): Promise<NewRepository> {
  const { root, steps } = context;
  const ours = readManifest(root);
  verifyName(command.name, [...Object.keys(ours.dependencies), ...Object.keys(ours.devDependencies)]);
  const out = path.resolve(command.out);
  verifyFree(out, command.out);
  const parts = withNeeds(command.with);
  const rename = createRenaming(command.name);
  const chosen = chooseFiles(root, sourceFiles(root), parts);
  if (!command.allowDirty)
    verifyCommitted(root, [...chosen.map(({ from }) => from), 'package.json', 'package-lock.json']);
  const archive = archiveName(ours.version);
  const reasons = reasonsFor(chosen, archive, rename);
  const made = { name: command.name, out, files: reasons.map(({ file }) => file), reasons };
  if (command.dryRun) return made;

  mkdirSync(path.dirname(out), { recursive: true });
  const draft = makeTempFolder(`.${path.basename(out)}-`, path.dirname(out));
  try {
    steps.start(`Write ${String(chosen.length)} files`);
    await writeFiles(root, draft, { chosen, parts, rename });
    const manifest = manifestFor(root, { name: command.name, chosen, archive, rename });
    writeFileSync(path.join(draft, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    steps.succeed(`as ${command.name}`);
    steps.start('Pack render, switch and load');
    mkdirSync(path.join(draft, VENDOR));
    writeFileSync(path.join(draft, archive), toolsArchive(root));
    steps.succeed(archive);
    steps.start('Lock the packages');
    await writeLock(root, draft, context.npm);
    steps.succeed('in the versions that are used here');
    renameSync(draft, out);
  } finally {
    steps.stop();
    rmSync(draft, { recursive: true, force: true });
  }
  return made;
}

function verifyFree(out: string, asked: string): void {
  if (existsSync(out))
    throw new UsageError(
      `--out: ${asked} is there already, and nothing in it is touched. Name a folder that is not.`,
    );
}

function reasonsFor(
  chosen: readonly Chosen[],
  archive: string,
  rename: (text: string) => string,
): { file: string; because: string }[] {
  return [
    ...chosen.map(({ to, because }) => ({ file: rename(to), because: rename(because) })),
    { file: 'package.json', because: 'the scripts and packages that these files need' },
    { file: 'package-lock.json', because: 'their versions' },
    { file: archive, because: 'render, switch and load: what a team runs and would not change' },
  ].sort((a, b) => (a.file < b.file ? -1 : 1));
}
