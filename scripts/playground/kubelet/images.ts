import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadImageArchive } from './image-archive.ts';
import { bundle } from '../../shared/bundle.ts';

/** The images that the kubelet can run, by name. */
export interface Images {
  /**
   * The command an image starts; undefined when there is no such
   * image. The tag does not matter: VERSION tells versions apart.
   */
  resolve(image: string): string[] | undefined;
  /**
   * Adds or replaces an image, e.g. a test's fixture program:
   * `register('slow-app', ['node', '/path/slow-app.mjs'])`.
   */
  register(name: string, command: string[]): void;
  /** Resolves when the image can be run: one that is seldom needed is built on demand. */
  prepare?(image: string): Promise<void>;
  /** The folder of its own that an image brings, as the container sees it and where it really is. */
  folderOf?(image: string): [seen: string, real: string] | undefined;
}

/**
 * The image of the Jobs beside the scripts (`in-cluster/job.yaml`):
 * the scripts bundled where their sources lie, below /app.
 */
const TOOLS = 'coffee-shop-tools';

/**
 * Builds one image per folder `services/<name>/` that has a `main.ts`. Resolves when all are bundled.
 * @param root the repository's top folder.
 * @param archives OCI archives of more images, or of others in their place.
 * @param stateDir the bundles go to `<stateDir>/images/`.
 */
export async function createImages({
  root,
  stateDir,
  archives = [],
}: {
  root: string;
  stateDir: string;
  archives?: readonly string[];
}): Promise<Images> {
  const commands = new Map<string, string[]>();
  const folders = new Map<string, [seen: string, real: string]>();
  const services = path.join(root, 'services');
  const folder = path.join(stateDir, 'images');
  const tools = path.join(folder, TOOLS);
  let toolsBuilt: Promise<void> | undefined;
  mkdirSync(folder, { recursive: true });
  const names = existsSync(services)
    ? readdirSync(services).filter((name) => existsSync(path.join(services, name, 'main.ts')))
    : [];
  const bundled = await Promise.allSettled(
    names.map(async (name) => {
      const file = path.join(folder, `${name}.mjs`);
      await bundle(path.join(services, name, 'main.ts'), file);
      commands.set(name, ['node', file]);
    }),
  );
  // Once none of them writes any more: the folder can be removed for good.
  for (const each of bundled) if (each.status === 'rejected') throw each.reason;
  for (const archive of archives) {
    const image = loadImageArchive(archive, path.join(folder, 'archives'));
    commands.set(image.name, image.command);
    folders.set(image.name, image.folder);
  }
  if (existsSync(path.join(root, 'scripts'))) {
    commands.set(TOOLS, ['node', 'scripts/switch/main.js', '--help']);
    folders.set(TOOLS, ['/app', tools]);
  }
  return {
    resolve: (image) => commands.get(repositoryName(image)),
    register: (name, command) => void commands.set(name, command),
    async prepare(image) {
      if (repositoryName(image) === TOOLS) await (toolsBuilt ??= buildTools(root, tools));
    },
    folderOf: (image) => folders.get(repositoryName(image)),
  };
}

/** Each script that has a Job, and the templates that the switch renders. */
async function buildTools(root: string, folder: string): Promise<void> {
  const scripts = path.join(root, 'scripts');
  const names = readdirSync(scripts).filter((name) => existsSync(path.join(scripts, name, 'in-cluster')));
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  cpSync(path.join(root, 'istio'), path.join(folder, 'istio'), { recursive: true });
  await Promise.all(
    names.map((name) =>
      bundle(path.join(scripts, name, 'main.ts'), path.join(folder, 'scripts', name, 'main.js')),
    ),
  );
}

/** `registry.example:5000/team/coffee-shop:v2@sha256:...` -> `coffee-shop`. */
export function repositoryName(image: string): string {
  const last = image.split('/').at(-1) ?? image;
  return last.split('@')[0]?.split(':')[0] ?? last;
}
