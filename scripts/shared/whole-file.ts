/** Files that a reader sees whole or not at all, and that follow no link that somebody has put at their name. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandError, messageOf } from './errors.ts';

/**
 * Writes beside the file, under a random name that nobody else can have made, and renames: what stood there before stays until the new one is
 * complete. A link at the name is replaced, never followed.
 *
 * @param mode permissions of the new file, less the umask
 * @throws CommandError that names the file (`ENOSPC`, `EACCES`, …); its code is on the cause
 */
export function writeWholeFile(file: string, data: string | Uint8Array, { mode = 0o666 } = {}): void {
  const draft = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(9).toString('base64url')}`,
  );
  let isDraftThere = false;
  try {
    const handle = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    isDraftThere = true;
    try {
      writeFileSync(handle, data);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (error) {
    if (isDraftThere) rmSync(draft, { force: true });
    // `EACCES: permission denied`, without the draft's name.
    const [why = ''] = messageOf(error).split(', ');
    throw new CommandError(`${file} could not be written: ${why}`, { cause: error });
  }
}
