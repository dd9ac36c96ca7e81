/** Files that somebody names to a command: only what ends, and only so much of it. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

/** What stands at the path is no file to read, or is too large; `message` says so in words that follow its name or "it". */
export class NotReadableError extends Error {
  readonly code: 'ENOTFILE' | 'EFBIG';

  constructor(message: string, code: 'ENOTFILE' | 'EFBIG') {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Standard input and what a shell hands over with `<(command)`: whoever names them has seen to a writer. */
const HANDED_OVER = /^\/dev\/(?:stdin|fd\/(\d+))$/;
const CHUNK_BYTES = 65_536;

/**
 * Reads a regular file, or standard input as `/dev/stdin`. A pipe would keep us waiting for its writer, and a device may have no end.
 * @throws NotReadableError for what is neither, and for more than `maxBytes`; the errors of the file system as they are
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
  // Looked at before it is opened: opening a device can already do something.
  verifyRegular(statSync(path));
  // And after it, by its handle: it may have been exchanged. Not blocking, in case of a pipe.
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

/** To the end, also of files that do not know their size, such as those of /proc. */
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
