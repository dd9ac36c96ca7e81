import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { messageOf, UsageError } from '../../shared/errors.ts';
import { readRegularFile } from '../../shared/regular-file.ts';
import { readTarFiles } from '../../shared/tar.ts';

export interface LoadedImage {
  /** Without registry and tag: `tea-house`. */
  name: string;
  command: string[];
  /** Its working folder, as the container sees it and where it really is. */
  folder: [seen: string, real: string];
}

interface Index {
  manifests: [{ digest: string; annotations?: Record<string, string> }];
}
interface ImageConfig {
  config: { Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string };
}

/** An image of Node and one service is a twentieth of it. */
const MAX_BYTES = 2 * 1024 ** 3;

/**
 * Loads an image from an OCI archive, as `kind load image-archive` does: the files of its working folder and
 * the program among them. What lies below (Node, libraries, user, environment) is this machine's.
 * @param folder where its files are put, in a folder of the image's name
 * @throws UsageError when it cannot be read, or what it starts is not Node
 */
export function loadImageArchive(file: string, folder: string): LoadedImage {
  try {
    const files = readTarFiles(readRegularFile(file, { maxBytes: MAX_BYTES }));
    const blob = (digest: string): Buffer => {
      const data = files.get(`blobs/${digest.replace(':', '/')}`);
      if (data === undefined) throw new Error(`it has no blob ${digest}`);
      return data;
    };
    const parse = (data: Buffer | undefined): unknown => {
      if (data === undefined) throw new Error('it is no OCI archive: it has no index.json');
      return JSON.parse(data.toString('utf8'));
    };
    const [image] = (parse(files.get('index.json')) as Index).manifests;
    const manifest = parse(blob(image.digest)) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const { config } = parse(blob(manifest.config.digest)) as ImageConfig;
    const name = nameOf(image.annotations ?? {});
    const app = path.join(folder, name);
    const working = config.WorkingDir ?? '/';
    for (const { digest } of manifest.layers) unpack(blob(digest), working, app);
    return { name, command: commandOf(config, working, app), folder: [working, app] };
  } catch (cause) {
    throw new UsageError(
      `--image ${file} cannot be loaded: ${messageOf(cause)}. Make one with npm run image.`,
      {
        cause,
      },
    );
  }
}

/** `docker.io/library/tea-house:1.0.0` -> `tea-house`. */
function nameOf(annotations: Record<string, string>): string {
  const whole = annotations['io.containerd.image.name'] ?? '';
  const name = whole.split('/').at(-1)?.split(':')[0] ?? '';
  if (!/^[a-z0-9][\w.-]*$/.test(name))
    throw new Error(`it has no name (io.containerd.image.name: "${whole}")`);
  return name;
}

/** Puts what a layer has in the working folder below `app`. */
function unpack(layer: Buffer, working: string, app: string): void {
  const tar = layer[0] === 0x1f && layer[1] === 0x8b ? gunzipSync(layer) : layer;
  for (const [file, data] of readTarFiles(tar)) {
    const inside = path.posix.relative(working, path.posix.join('/', file));
    if (inside.startsWith('..')) continue;
    const target = path.join(app, inside);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, data);
  }
}

function commandOf(
  { Entrypoint = [], Cmd = [] }: ImageConfig['config'],
  working: string,
  app: string,
): string[] {
  const [program = '', ...rest] = [...Entrypoint, ...Cmd];
  if (path.posix.basename(program) !== 'node')
    throw new Error(`it starts ${program === '' ? 'nothing' : program}, and here only Node runs`);
  return [
    'node',
    ...rest.map((word) =>
      word.startsWith(`${working}/`) ? path.join(app, word.slice(working.length)) : word,
    ),
  ];
}
