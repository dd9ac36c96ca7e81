import { basename, dirname } from 'node:path';
import type { Base } from './base.ts';
import { createLayer, type ImageConfig, writeOciArchive } from './oci.ts';
import { type TarEntry, writeTar } from '../shared/tar.ts';

/** What an image adds to its base. */
export interface AppFiles {
  /** All below /app. */
  files: TarEntry[];
  /** What node runs if the pod does not say. */
  cmd: string[];
}

export interface ImageOptions {
  app: AppFiles;
  /** Such as `coffee-shop:1.0.0`. */
  name: string;
  base: Base;
  /** What the image was built from, for `app_build_info`. */
  revision?: string | undefined;
  /** Part of the digest, so it is not the clock unless somebody wants that. */
  created?: Date;
}

export interface BuiltImage {
  archive: Buffer;
  digest: string;
  /** Size of the app's own files. */
  appBytes: number;
}

/** The base, and above it one layer with the app. Same sources, same base: same digest. */
export function buildImage({ app, name, base, ...options }: ImageOptions): BuiltImage {
  const layer = createLayer(writeTar(app.files));
  const created = (options.created ?? new Date(0)).toISOString();
  const { config } = base.config;
  const revision = options.revision === undefined ? [] : [`REVISION=${options.revision}`];
  const entrypoint = nodeOf(config.Entrypoint);
  const imageConfig: ImageConfig = {
    ...base.config,
    created,
    config: {
      ...config,
      // By number: the kubelet cannot tell whether a name is root.
      User: '65532:65532',
      Env: [
        ...withFolderOf(entrypoint[0], config.Env ?? []),
        'NODE_ENV=production',
        'NODE_OPTIONS=--enable-source-maps',
        ...revision,
      ],
      Entrypoint: entrypoint,
      Cmd: app.cmd,
      WorkingDir: '/app',
      Labels: { ...config.Labels, 'org.opencontainers.image.title': name.split(':')[0] ?? name },
    },
    rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, layer.diffId] },
    history: [...(base.config.history ?? []), { created, created_by: `npm run image (${name})` }],
  };
  const { archive, digest } = writeOciArchive({
    name,
    config: imageConfig,
    layers: [...base.layers, layer],
  });
  return { archive, digest, appBytes: app.files.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) };
}

/** The base's own node; not a script around it, which would need a shell. */
const nodeOf = (entrypoint: string[] | undefined): string[] =>
  entrypoint?.[0] !== undefined && basename(entrypoint[0]) === 'node' ? entrypoint : ['node'];

/** A PATH in which `node` is found, so that a pod's command need not know where the base has it. */
function withFolderOf(node: string | undefined, env: readonly string[]): string[] {
  const [folder, path = ''] = [dirname(node ?? ''), env.find((each) => each.startsWith('PATH='))?.slice(5)];
  if (folder === '.' || path.split(':').includes(folder)) return [...env];
  return [
    `PATH=${[path, folder].filter(Boolean).join(':')}`,
    ...env.filter((each) => !each.startsWith('PATH=')),
  ];
}
