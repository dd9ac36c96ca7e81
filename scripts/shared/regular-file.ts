/** Files that a user names: regular ones only, up to a size. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

/** The path is not a regular file, or the file is too large; `message` follows its name or "it". */
export class NotReadableError extends Error {
  readonly code: 'ENOTFILE' | 'EFBIG';

  constructor(message: string, code: 'ENOTFILE' | 'EFBIG') {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Standard input and a shell's `<(command)`: these pipes have a writer. */
const HANDED_OVER = /^\/dev\/(?:stdin|fd\/(\d+))$/;
const CHUNK_BYTES = 65_536;

/**
 * Reads a regular file, or standard input as `/dev/stdin`. Pipes may
 * wait for ever for a writer, and devices may have no end.
 * @throws NotReadableError for anything else, and for more than
 * `maxBytes`; errors of the file system are passed on
 */
export function readRegularFile(path: string, { maxBytes }: { maxBytes: number }): Buffer {
  const handedOver = HANDED_OVER.exec(path);
  if (handedOver !== null) return readAll(Number(handedOver[1] ?? 0), maxBytes);
  const { handle, size } = openRegular(path);
  try {
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    return readAll(handle, maxBytes);
  } finally {
    closeSync(handle);
  }
}

/**
 * Whether `readRegularFile` could begin.
 * @throws as it does, but for the size
 */
export function verifyRegularFile(path: string): void {
  if (!HANDED_OVER.test(path)) closeSync(openRegular(path).handle);
}

function openRegular(path: string): { handle: number; size: number } {
  // Check before opening: opening a device can have side effects.
  verifyRegular(statSync(path));
  // And after it, by its handle: it may have been swapped. Non-blocking, in case of a pipe.
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(handle);
    verifyRegular(stats);
    return { handle, size: stats.size };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

/** Reads to the end, also files that report no size, such as those of /proc. */
function readAll(handle: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(handle, chunk);
    if (count === 0) return Buffer.concat(chunks, length);
    length += count;
    if (length > maxBytes) throw tooLarge(undefined, maxBytes);
    chunks.push(chunk.subarray(0, count));
  }
}

function verifyRegular(stats: Stats): void {
  if (stats.isFile()) return;
  throw new NotReadableError(`is ${kindOf(stats)}, not a file`, 'ENOTFILE');
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function tooLarge(bytes: number | undefined, maxBytes: number): NotReadableError {
  const megabytes = (count: number): string => `${Math.ceil(count / 1024 / 1024)} MB`;
  const has = bytes === undefined ? `more than ${megabytes(maxBytes)}` : megabytes(bytes);
  return new NotReadableError(`has ${has}; at most ${megabytes(maxBytes)} are read`, 'EFBIG');
}
