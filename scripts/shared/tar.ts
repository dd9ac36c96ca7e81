/** A file, link or folder as a layer holds it. */
export interface TarEntry {
  /** Path without a leading slash. */
  path: string;
  type: 'file' | 'symlink' | 'folder';
  mode: number;
  data?: Buffer;
  target?: string;
}

const block = 512;
const typeFlags = { file: '0', symlink: '2', folder: '5' };

/**
 * Writes a ustar archive. Owner root, time 0: the same entries give the same bytes, and so the same digest.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const data = entry.data ?? Buffer.alloc(0);
    return [header(entry, data.length), data, Buffer.alloc((block - (data.length % block)) % block)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header({ path, type, mode, target = '' }: TarEntry, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const name = type === 'folder' && !path.endsWith('/') ? `${path}/` : path;
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(target) > 100)
    throw new Error(`${name}: paths of more than 100 bytes do not fit into a ustar header.`);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const fields: [number, string][] = [
    [0, name],
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, typeFlags[type]],
    [157, target],
    [257, 'ustar\x0000'],
  ];
  for (const [offset, value] of fields) bytes.write(value, offset, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** Reads the regular files of a tar archive, with the long names of GNU and pax. */
export function readTarFiles(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let longName: string | undefined;
  for (let at = 0; at + block <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number): string =>
      archive.toString('utf8', at + from, at + from + length).split('\0', 1)[0] ?? '';
    const size = parseInt(text(124, 12).trim() || '0', 8);
    const data = archive.subarray(at + block, at + block + size);
    const flag = text(156, 1);
    const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
    if (flag === 'L') longName = data.toString('utf8').replace(/\0+$/, '');
    else if (flag === 'x') longName = /\d+ path=(.*)\n/.exec(data.toString('utf8'))?.[1];
    else {
      const name = longName ?? (prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`);
      if (flag === '0' || flag === '') files.set(name.replace(/^\.\//, ''), data);
      longName = undefined;
    }
    at += block + Math.ceil(size / block) * block;
  }
  return files;
}
