import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeTar } from '../shared/tar.ts';

/** The parts of the OCI image format that are used here: https://github.com/opencontainers/image-spec */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: { architecture: string; os: string; variant?: string };
}

export interface ImageConfig {
  created?: string;
  architecture: string;
  os: string;
  variant?: string;
  config: {
    User?: string;
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    WorkingDir?: string;
    Labels?: Record<string, string>;
    [field: string]: unknown;
  };
  rootfs: { type: 'layers'; diff_ids: string[] };
  history?: { created?: string; created_by?: string; empty_layer?: boolean }[];
}

export interface Layer {
  descriptor: Descriptor;
  /** Digest of the uncompressed archive. */
  diffId: string;
  blob: Buffer;
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

export const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Compresses a tar archive into a layer. */
export function createLayer(tar: Buffer): Layer {
  const blob = gzipSync(tar, { level: 6 });
  // Which system compressed it is no part of the image: the same content, the same digest.
  blob[9] = 255;
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(blob), size: blob.length };
  return { descriptor, diffId: digestOf(tar), blob };
}

export interface ImageParts {
  /** Such as `coffee-shop:1.0.0`. */
  name: string;
  config: ImageConfig;
  layers: readonly Pick<Layer, 'descriptor' | 'blob'>[];
}

/** An OCI layout as one tar archive, with the name that containerd imports it under. */
export function writeOciArchive({ name, config, layers }: ImageParts): { archive: Buffer; digest: string } {
  const blobs = new Map<string, Buffer>(layers.map(({ descriptor, blob }) => [descriptor.digest, blob]));
  const add = (mediaType: string, content: object): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const manifest = add(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: add(mediaTypes.config, config),
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const { architecture, os, variant } = config;
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        ...manifest,
        platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
        annotations: {
          'io.containerd.image.name': fullName(name),
          'org.opencontainers.image.ref.name': name.split(':')[1] ?? 'latest',
        },
      },
    ],
  };
  const file = (path: string, data: Buffer) => ({ path, type: 'file' as const, mode: 0o644, data });
  const archive = writeTar([
    file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file('index.json', Buffer.from(JSON.stringify(index))),
    ...[...blobs].map(([digest, data]) => file(`blobs/${digest.replace(':', '/')}`, data)),
  ]);
  return { archive, digest: manifest.digest };
}

/** As the kubelet completes a short name: without a registry it means Docker Hub's library. */
export function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}
