import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleScript } from '../shared/bundle-script.ts';
import type { AppFiles } from './build-image.ts';
import type { TarEntry } from '../shared/tar.ts';

/** Scripts that also run in a pod, see their in-cluster/job.yaml. */
const scripts = ['switch', 'load'];
/** Where they lie bundled already, if a repository has no source of them. */
const PACKED = 'node_modules/zero-downtime-tools';

/**
 * The repository as a pod needs it: the scripts bundled where their sources lie, and the templates that the
 * switch renders. `node scripts/switch/main.js` there is `npm run switch` here.
 */
export function bundleTools(root: string): AppFiles {
  const files = new Map<string, Buffer>([
    ['package.json', manifestOf(root)],
    ...scripts.map((name): [string, Buffer] => [`scripts/${name}/main.js`, programOf(root, name)]),
    ...templatesBelow(root, 'istio'),
  ]);
  const folders = new Set(['app']);
  for (const path of files.keys())
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(`app/${folder}`);
  const entries: TarEntry[] = [
    ...[...folders].map((path) => ({ path, type: 'folder' as const, mode: 0o755 })),
    ...[...files].map(([path, data]) => ({ path: `app/${path}`, type: 'file' as const, mode: 0o644, data })),
  ];
  return {
    files: entries.sort((a, b) => (a.path < b.path ? -1 : 1)),
    cmd: ['scripts/switch/main.js', '--help'],
  };
}

const hasSource = (root: string, name: string): boolean => existsSync(join(root, `scripts/${name}/main.ts`));

function programOf(root: string, name: string): Buffer {
  if (hasSource(root, name)) return bundleScript(root, `scripts/${name}/main.ts`).code;
  return readFileSync(join(root, PACKED, `scripts/${name}/main.js`));
}

/** Its version is what `--version` says: that of the repository, or of the packed switch. */
function manifestOf(root: string): Buffer {
  const folder = hasSource(root, 'switch') ? root : join(root, PACKED);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return Buffer.from(JSON.stringify({ type: 'module', version }));
}

function templatesBelow(root: string, folder: string): [string, Buffer][] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => /\.tpl\.yaml$|\/cluster\.yaml$/.test(file))
    .sort()
    .map((file) => [file, readFileSync(join(root, file))]);
}
