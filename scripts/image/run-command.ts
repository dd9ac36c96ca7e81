import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UsageError } from '../shared/errors.ts';
import { writeWholeFile } from '../shared/whole-file.ts';
import { readBase } from './base.ts';
import { type AppFiles, buildImage } from './build-image.ts';
import { bundleService } from './bundle-service.ts';
import { bundleTools } from './bundle-tools.ts';
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

/** Every service, and the tools that run in pods. */
function imagesOf(root: string): Map<string, () => AppFiles> {
  const folder = join(root, 'services');
  const main = (name: string): string => join(folder, name, 'main.ts');
  const services = readdirSync(folder).filter((name) => existsSync(main(name)));
  return new Map([
    ...services.map((name): [string, () => AppFiles] => [name, () => bundleService(main(name))]),
    ['coffee-shop-tools', () => bundleTools(root)],
  ]);
}

/** Builds the images that the command asks for, one archive each. */
export async function writeImages(command: ImageCommand, context: ImageContext): Promise<WrittenImage[]> {
  const images = imagesOf(context.root);
  const known = [...images.keys()];
  const stranger = command.images.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new UsageError(`There is no image ${stranger}; there are ${known.join(', ')}.`);
  const architecture = architectures[context.arch] ?? context.arch;
  const base =
    command.base === undefined
      ? await hostBase(architecture, context.nodePath)
      : await readBase(command.base, architecture);
  await mkdir(command.out, { recursive: true });

  const written: WrittenImage[] = [];
  for (const image of command.images.length > 0 ? command.images : known) {
    const app = images.get(image)?.();
    if (!app) continue;
    const name = `${image}:${command.tag}`;
    const { archive, digest, appBytes } = buildImage({ app, name, base, revision: command.revision });
    const file = join(command.out, `${image}-${command.tag}.tar`);
    writeWholeFile(file, archive);
    const shown = relative(process.cwd(), file);
    context.progress(
      `${name}  ${megabytes(archive.length)}, of which the app ${megabytes(appBytes)}: ${shown}`,
    );
    written.push({ name, file, digest, bytes: archive.length, appBytes });
  }
  return written;
}
