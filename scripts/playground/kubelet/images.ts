import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle.ts';

/** What the kubelet can run, by image name. */
export interface Images {
  /** The command an image starts; undefined when there is no such image. The tag does not matter: VERSION tells versions apart. */
  resolve(image: string): string[] | undefined;
  /** Adds or replaces an image, e.g. a test's fixture program: `register('slow-app', ['node', '/path/slow-app.mjs'])`. */
  register(name: string, command: string[]): void;
}

/**
 * Builds one image per folder `services/<name>/` that has a `main.ts`. Resolves when all are bundled.
 * @param root the repository's top folder.
 * @param stateDir the bundles go to `<stateDir>/images/`.
 */
export async function createImages({ root, stateDir }: { root: string; stateDir: string }): Promise<Images> {
  const commands = new Map<string, string[]>();
  const services = path.join(root, 'services');
  const folder = path.join(stateDir, 'images');
  mkdirSync(folder, { recursive: true });
  const names = existsSync(services)
    ? readdirSync(services).filter((name) => existsSync(path.join(services, name, 'main.ts')))
    : [];
  await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, `${name}.mjs`);
      await bundle(path.join(services, name, 'main.ts'), file);
      commands.set(name, ['node', file]);
    }),
  );
  return {
    resolve: (image) => commands.get(repositoryName(image)),
    register: (name, command) => void commands.set(name, command),
  };
}

/** `registry.example:5000/team/coffee-shop:v2@sha256:...` -> `coffee-shop`. */
export function repositoryName(image: string): string {
  const last = image.split('/').at(-1) ?? image;
  return last.split('@')[0]?.split(':')[0] ?? last;
}
