import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UsageError } from '../shared/errors.ts';
import { readBase } from './base.ts';
import { buildImage } from './build-image.ts';
import type { ImageCommand } from './command-line.ts';
import { hostBase } from './host-base.ts';

export interface ImageContext {
  /** The repository's top folder. */
  root: string;
  nodePath: string;
  /** As Node names it: x64, arm64, ... */
  arch: string;
  progress: (line: string) => void;
}

export interface WrittenImage {
  name: string;
  file: string;
  digest: string;
  bytes: number;
  appBytes: number;
}

// Where Node's word differs from Go's, whose words images use.
const architectures: Record<string, string> = { x64: 'amd64', ia32: '386' };
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Builds the images that the command asks for, one archive each. */
export async function writeImages(command: ImageCommand, context: ImageContext): Promise<WrittenImage[]> {
  const folder = join(context.root, 'services');
  const known = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'main.ts')));
  const stranger = command.services.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new UsageError(`There is no service ${stranger}; there are ${known.join(' and ')}.`);
  const architecture = architectures[context.arch] ?? context.arch;
  const base =
    command.base === undefined
      ? await hostBase(architecture, context.nodePath)
      : await readBase(command.base, architecture);
  await mkdir(command.out, { recursive: true });

  const written: WrittenImage[] = [];
  for (const service of command.services.length > 0 ? command.services : known) {
    const name = `${service}:${command.tag}`;
    const main = join(folder, service, 'main.ts');
    const { archive, digest, appBytes } = buildImage({ main, name, base, revision: command.revision });
    const file = join(command.out, `${service}-${command.tag}.tar`);
    await writeFile(file, archive);
    const shown = relative(process.cwd(), file);
    context.progress(
      `${name}  ${megabytes(archive.length)}, of which the service ${megabytes(appBytes)}: ${shown}`,
    );
    written.push({ name, file, digest, bytes: archive.length, appBytes });
  }
  return written;
}
