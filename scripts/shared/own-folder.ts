/**
 * The folder of this user alone, where commands leave word for each other: on a machine with several users the temp folder is everybody's, and a
 * name in it that can be guessed can be taken by somebody else first.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  type Stats,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommandError, codeOf, messageOf } from './errors.ts';
import { userName } from './user.ts';
import { writeWholeFile } from './whole-file.ts';

const NAME = 'zero-downtime-coffee-shop';
const OTHERS = 0o077;
/** No file of ours comes near it. */
const LARGEST_BYTES = 1 << 20;

/**
 * Where it is: in `XDG_RUNTIME_DIR` when that is a folder of this user alone, else in the temp folder, with the uid in its name. Nothing is made.
 * https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
export function ownFolder(env: NodeJS.ProcessEnv, temp = tmpdir()): string {
  const { XDG_RUNTIME_DIR: runtime = '' } = env;
  if (path.isAbsolute(runtime) && whyNotOwn(runtime) === undefined) return path.join(runtime, NAME);
  return path.join(temp, `${NAME}-${process.geteuid?.() ?? userName()}`);
}

/**
 * Makes the folder where it is missing, with mode 0700, and answers it.
 * @throws CommandError when it is a link, somebody else's or open to others, or cannot be made
 */
export function openOwnFolder(folder: string): string {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST')
      throw new CommandError(`${folder} could not be made: ${messageOf(error)}`, { cause: error });
  }
  const why = whyNotOwn(folder);
  if (why !== undefined) throw new CommandError(why);
  return folder;
}

/** Why a folder is not to be trusted, with the way out; undefined for one that this user owns and nobody else may enter. */
export function whyNotOwn(folder: string): string | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(folder);
  } catch (error) {
    return `${folder} cannot be looked at: ${messageOf(error)}`;
  }
  const wayOut = 'Nothing in it is used. Remove it, or set TMPDIR to a folder of your own.';
  if (stats.isSymbolicLink()) return `${folder} is a link that uid ${stats.uid} has put there. ${wayOut}`;
  if (!stats.isDirectory()) return `${folder} is no folder. ${wayOut}`;
  if (!isMine(stats))
    return `${folder} belongs to uid ${stats.uid}, not to you (uid ${String(process.geteuid?.())}). ${wayOut}`;
  if (isOpenToOthers(stats))
    return `${folder} is open to others (mode ${(stats.mode & 0o777).toString(8)}). ${wayOut}`;
  return undefined;
}

/** Removes the folder when nothing is in it. */
export function closeOwnFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has a file in it, or it has gone already.
  }
}

/**
 * What a file says that this user alone can have written; undefined for every other one. It is opened once, follows no link, and is judged by its
 * handle: a file that is exchanged meanwhile is not met.
 */
export function readOwnFile(file: string): string | undefined {
  let handle: number;
  try {
    // Not blocking: a pipe at this name would keep us waiting for its writer. Both flags are undefined on Windows: no bits there.
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile() || !isMine(stats) || isOpenToOthers(stats) || stats.size > LARGEST_BYTES)
      return undefined;
    return readFileSync(handle, 'utf8');
  } catch {
    return undefined;
  } finally {
    closeSync(handle);
  }
}

/**
 * Writes a file of mode 0600 into the folder, which is made where it is missing. A reader never meets half of it.
 * @throws CommandError as `openOwnFolder` and `writeWholeFile` do
 */
export function writeOwnFile(folder: string, name: string, text: string): void {
  for (let attempt = 1; ; attempt += 1) {
    openOwnFolder(folder);
    try {
      writeWholeFile(path.join(folder, name), text, { mode: 0o600 });
      return;
    } catch (error) {
      // Another command of ours has found the folder empty and removed it in this very moment.
      if (codeOf((error as Error).cause) !== 'ENOENT' || attempt === 5) throw error;
    }
  }
}

/**
 * A new folder of this user alone, under a random name in the temp folder.
 * @throws CommandError that names the temp folder, when it is full, read-only or gone
 */
export function makeTempFolder(prefix: string, temp = tmpdir()): string {
  try {
    return mkdtempSync(path.join(temp, prefix));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `No folder can be made in the temp folder ${temp} (${code}). Set TMPDIR to a folder that you may write to.`,
      { cause: error },
    );
  }
}

/** Users of Windows have a temp folder each, and modes mean nothing there. */
const isMine = ({ uid }: Stats): boolean => process.geteuid === undefined || uid === process.geteuid();
const isOpenToOthers = ({ mode }: Stats): boolean => process.geteuid !== undefined && (mode & OTHERS) !== 0;
