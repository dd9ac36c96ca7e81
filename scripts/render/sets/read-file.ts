import { NotReadableError, readRegularFile } from '../../shared/regular-file.ts';
import { InputError } from './input-error.ts';

/** Upper bound for a template or cluster file: a mistaken path (a log, a dump) is usually larger. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

const reasonFor: Record<string, string> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read (permission denied)',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'does not exist (a part of the path is a file, not a folder)',
  ELOOP: 'is a symbolic link that leads back to itself',
  ENAMETOOLONG: 'is not a usable path (too long)',
};

/** The message for a failed file operation. */
export function fileProblem(path: string, error: unknown): InputError {
  if (error instanceof NotReadableError) {
    // kontemplate reports a folder too (exit code 1); on a pipe or a device it hangs.
    const exitCode = error.message.includes('folder') ? 1 : 2;
    return new InputError(`${path} ${error.message}.`, exitCode, { cause: error });
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const named = (error as NodeJS.ErrnoException).path ?? path;
  const reason = reasonFor[code] ?? (error instanceof Error ? error.message : String(error));
  return new InputError(`${named} ${reason}.`, code === 'ELOOP' ? 2 : 1, { cause: error });
}

/**
 * Reads a text file, byte order mark included. Refuses NUL bytes, invalid
 * UTF-8, files that are too large, and anything but a regular file.
 */
export function readTextFile(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path, { maxBytes: MAX_FILE_BYTES });
  } catch (error) {
    throw fileProblem(path, error);
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1)
    throw new InputError(`${path}:${lineOf(bytes, nul)}: NUL byte: this is not a text file.`, 2);
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd')) refuseBrokenUtf8(path, bytes, text);
  return text;
}

const lineOf = (bytes: Buffer, offset: number): number =>
  bytes.subarray(0, offset).reduce((line, byte) => (byte === 10 ? line + 1 : line), 1);

function refuseBrokenUtf8(path: string, bytes: Buffer, text: string): void {
  const again = Buffer.from(text, 'utf8');
  if (again.equals(bytes)) return;
  const offset = bytes.findIndex((byte, index) => byte !== again[index]);
  throw new InputError(`${path}:${lineOf(bytes, offset)}: not UTF-8 text. Save the file as UTF-8.`, 2);
}
