/** Atomic writes: a reader sees the old file or the new one, and links are not followed. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { CommandError, messageOf } from './errors.ts';

/**
 * Writes beside the file, under a random name that nobody else can have made, and renames: what stood there
 * before stays until the new one is complete. A link at the name is replaced, never followed.
 *
 * @param mode permissions of the new file, less the umask
 * @throws CommandError that names the file (`ENOSPC`, `EACCES`, …); its code is on the cause
 */
export function writeWholeFile(file: string, data: string | Uint8Array, { mode = 0o666 } = {}): void {
  writeBeside(file, mode, (handle) => writeFileSync(handle, data));
}

/**
 * Writes a file that is there anew: its mode and its owner stay, a link at its name goes on leading to it,
 * and the new content is on the disk before it takes the name.
 * @throws CommandError as `writeWholeFile` does
 */
export function rewriteWholeFile(file: string, data: string | Uint8Array): void {
  const { real, stats } = seen(file);
  writeBeside(real, stats.mode & 0o777, (handle) => {
    writeFileSync(handle, data);
    fchmodSync(handle, stats.mode & 0o7777);
    if (process.geteuid?.() === 0) fchownSync(handle, stats.uid, stats.gid);
    fsyncSync(handle);
  });
}

/**
 * Whether `rewriteWholeFile` may write there, as far as that can be
 * known before. @throws CommandError that says why not
 */
export function verifyRewritable(file: string): void {
  const { real } = seen(file);
  try {
    accessSync(real, constants.W_OK);
    accessSync(path.dirname(real), constants.W_OK);
  } catch (error) {
    throw notWritten(file, error);
  }
}

function seen(file: string): { real: string; stats: Stats } {
  try {
    const real = realpathSync(file);
    return { real, stats: statSync(real) };
  } catch (error) {
    throw notWritten(file, error);
  }
}

function writeBeside(file: string, mode: number, write: (handle: number) => void): void {
  const draft = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(9).toString('base64url')}`,
  );
  let isDraftThere = false;
  try {
    const handle = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    isDraftThere = true;
    try {
      write(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (error) {
    if (isDraftThere) rmSync(draft, { force: true });
    throw notWritten(file, error);
  }
}

/** `EACCES: permission denied`, without the draft's name. */
function notWritten(file: string, error: unknown): CommandError {
  const [why = ''] = messageOf(error).split(', ');
  return new CommandError(`${file} could not be written: ${why}`, { cause: error });
}
