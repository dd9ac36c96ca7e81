import { gunzipSync } from 'node:zlib';
import { CommandError, messageOf } from '../shared/errors.ts';
import { NotReadableError, readRegularFile } from '../shared/regular-file.ts';
import { digestOf, type Descriptor, type ImageConfig, type Layer, mediaTypes } from './oci.ts';
import { readTarFiles } from '../shared/tar.ts';

/** What an image is built upon. */
export interface Base {
  config: ImageConfig;
  layers: Pick<Layer, 'descriptor' | 'blob'>[];
}

interface Manifest {
  manifests?: Descriptor[];
  config?: Descriptor;
  layers?: Descriptor[];
}

const isIndex = (mediaType: string): boolean => /image\.index|manifest\.list/.test(mediaType);

/** What Node can hold in one Buffer is more; a base image is a tenth of it. */
const MAX_BYTES = 2 * 1024 ** 3;

function archiveIn(file: string): Buffer {
  try {
    return readRegularFile(file, { maxBytes: MAX_BYTES });
  } catch (cause) {
    const why = cause instanceof NotReadableError ? ` It ${messageOf(cause)}.` : '';
    throw new CommandError(`${file} cannot be read.${why} Give --base an OCI archive.`, { cause });
  }
}

/**
 * Reads a base from an OCI archive (`docker save`, `podman save --format oci-archive`, `ctr images export`,
 * `skopeo copy`). Every digest is checked: a base is code.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- callers may count on a promise
export async function readBase(file: string, architecture: string): Promise<Base> {
  const bytes = archiveIn(file);
  const files = readTarFiles(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const data = files.get(`blobs/${digest.replace(':', '/')}`);
    if (!data) throw new CommandError(`${file} has no blob ${digest}. Save the image with all its layers.`);
    if (digestOf(data) !== digest || data.length !== size)
      throw new CommandError(`${file} is damaged: blob ${digest} has other bytes.`);
    return data;
  };
  const parse = (data: Buffer): Manifest => JSON.parse(data.toString('utf8')) as Manifest;

  const index = files.get('index.json');
  if (!index)
    throw new CommandError(
      `${file} is no OCI archive: it has no index.json. Save it with docker save (25 or newer), ctr or skopeo.`,
    );
  let found = parse(index);
  while (found.manifests) {
    const { manifests } = found;
    const chosen =
      manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture) ??
      manifests.find(({ platform, mediaType }) => platform === undefined || isIndex(mediaType));
    if (!chosen) throw new CommandError(`${file} has no image for linux/${architecture}.`);
    found = parse(blob(chosen));
  }
  if (!found.config || !found.layers) throw new CommandError(`${file} holds no image manifest.`);
  return {
    config: JSON.parse(blob(found.config).toString('utf8')) as ImageConfig,
    layers: found.layers.map((descriptor) => ({
      descriptor: { ...descriptor, mediaType: ociMediaType(descriptor.mediaType) },
      blob: blob(descriptor),
    })),
  };
}

/** Docker's names for the same bytes. */
function ociMediaType(mediaType: string): string {
  if (mediaType.endsWith('.tar.gzip')) return mediaTypes.layer;
  return mediaType.endsWith('rootfs.diff.tar') ? 'application/vnd.oci.image.layer.v1.tar' : mediaType;
}
