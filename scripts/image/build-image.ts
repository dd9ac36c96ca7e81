import { basename } from 'node:path';
import type { Base } from './base.ts';
import { bundleService } from './bundle-service.ts';
import { createLayer, type ImageConfig, writeOciArchive } from './oci.ts';
import { writeTar } from './tar.ts';

export interface ImageOptions {
  /** The service's main.ts. */
  main: string;
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
  /** Size of the service's own files. */
  appBytes: number;
}

/** The base, and above it one layer with the bundled service. Same sources, same base: same digest. */
export function buildImage({ main, name, base, ...options }: ImageOptions): BuiltImage {
  const files = bundleService(main);
  const layer = createLayer(writeTar(files));
  const created = (options.created ?? new Date(0)).toISOString();
  const { config } = base.config;
  const revision = options.revision === undefined ? [] : [`REVISION=${options.revision}`];
  const imageConfig: ImageConfig = {
    ...base.config,
    created,
    config: {
      ...config,
      // By number: the kubelet cannot tell whether a name is root.
      User: '65532:65532',
      Env: [...(config.Env ?? []), 'NODE_ENV=production', 'NODE_OPTIONS=--enable-source-maps', ...revision],
      Entrypoint: nodeOf(config.Entrypoint),
      Cmd: ['/app/main.cjs'],
      WorkingDir: '/app',
      Labels: { ...config.Labels, 'org.opencontainers.image.title': name.split(':')[0] ?? name },
    },
    rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, layer.diffId] },
    history: [...(base.config.history ?? []), { created, created_by: `npm run image (${basename(main)})` }],
  };
  const { archive, digest } = writeOciArchive({
    name,
    config: imageConfig,
    layers: [...base.layers, layer],
  });
  return { archive, digest, appBytes: files.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) };
}

/** The base's own node; not a script around it, which would need a shell. */
const nodeOf = (entrypoint: string[] | undefined): string[] =>
  entrypoint?.[0] !== undefined && basename(entrypoint[0]) === 'node' ? entrypoint : ['node'];
