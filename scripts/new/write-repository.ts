import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { format, getFileInfo, resolveConfig } from 'prettier';
import { writeTar } from '../shared/tar.ts';
import { toolsPackage, TOOLS } from '../pack/tools-package.ts';
import { CommandError } from '../shared/errors.ts';
import type { Chosen } from './choose-files.ts';
import { VENDOR } from './contents.ts';
import { transform, type Surroundings } from './transform.ts';

/** Writes each file into the folder, its words exchanged and formatted. */
export async function writeFiles(root: string, folder: string, around: Surroundings): Promise<void> {
  const config = (await resolveConfig(path.join(root, 'package.json'))) ?? {};
  for (const file of around.chosen) {
    const source = path.join(root, file.from);
    const target = path.join(folder, around.rename(file.to));
    mkdirSync(path.dirname(target), { recursive: true });
    const bytes = readFileSync(source);
    writeFileSync(
      target,
      bytes.includes(0) ? bytes : await formatted(file, bytes.toString('utf8'), root, config, around),
    );
    chmodSync(target, statSync(source).mode & 0o777);
  }
}

/** Names of another length make other lines. */
async function formatted(
  file: Chosen,
  text: string,
  root: string,
  config: object,
  around: Surroundings,
): Promise<string> {
  const renamed = transform(file, text, around);
  const { ignored, inferredParser } = await getFileInfo(path.join(root, file.to), {
    ignorePath: path.join(root, '.prettierignore'),
  });
  if (ignored || inferredParser === null) return renamed;
  // By its name: what is JSX and what a type depends on it.
  return format(renamed, { ...config, filepath: file.to });
}

/** The packed tools as an archive that npm installs. The same sources give the same bytes. */
export function toolsArchive(root: string): Buffer {
  const entries = toolsPackage(root).map(({ path: file, data, isProgram }) => ({
    path: `package/${file}`,
    type: 'file' as const,
    mode: isProgram ? 0o755 : 0o644,
    data,
  }));
  const archive = gzipSync(writeTar(entries), { level: 9 });
  // Which system compressed it does not matter.
  archive[9] = 255;
  return archive;
}

export const archiveName = (version: string): string => `${VENDOR}/${TOOLS}-${version}.tgz`;

/**
 * Makes the lock file from ours: the same packages in the same
 * versions, less those that are not needed. Nothing is downloaded.
 * @param npm the program that runs this command, where npm does
 */
export async function writeLock(root: string, folder: string, npm: string | undefined): Promise<void> {
  writeFileSync(path.join(folder, 'package-lock.json'), readFileSync(path.join(root, 'package-lock.json')));
  const [program, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const args = ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)(program, [...first, ...args], { cwd: folder }).catch((cause: unknown) => {
    const { stderr = '' } = cause as { stderr?: string };
    throw new CommandError(
      `npm could not make the lock file: ${stderr.trim().split('\n').slice(0, 3).join(' ')}`,
      {
        cause,
      },
    );
  });
}
