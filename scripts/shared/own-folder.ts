/**
 * The private folder of this user, where commands leave files for each other. The temp folder is shared by
 * all users, and a name in it that can be guessed can be taken by somebody else first.
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
/** Upper bound for a file of ours, in bytes. */
const LARGEST_BYTES = 1 << 20;

/**
 * Its path: in `XDG_RUNTIME_DIR` when that is private to this user, else
 * in the temp folder, with the uid in its name. Nothing is created.
 * https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
export function ownFolder(env: NodeJS.ProcessEnv, temp = tmpdir()): string {
  const { XDG_RUNTIME_DIR: runtime = '' } = env;
  if (path.isAbsolute(runtime) && whyNotOwn(runtime) === undefined) return path.join(runtime, NAME);
  return path.join(temp, `${NAME}-${process.geteuid?.() ?? userName()}`);
}

/**
 * Creates the folder if it is missing, with mode 0700, and returns its path.
 * @throws CommandError when it is a link, another user's or open to others, or cannot be created
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

/**
 * Why a folder is not private, with the way out; undefined when this user owns it and nobody else may enter.
 */
export function whyNotOwn(folder: string): string | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(folder);
  } catch (error) {
    return `${folder} cannot be read: ${messageOf(error)}`;
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

/** Removes the folder when it is empty. */
export function closeOwnFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or gone already.
  }
}

/**
 * The content of a file that only this user can have written; undefined for every other one. It is opened
 * once, without following links, and checked by its handle, so that it cannot be swapped in between.
 */
export function readOwnFile(file: string): string | undefined {
  let handle: number;
  try {
    // Non-blocking, in case of a pipe without a writer. Both flags are
    // undefined on Windows, where they are 0.
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
 * Writes a file of mode 0600 into the folder, which is made where it
 * is missing. Atomic: a reader never sees half of it.
 * @throws CommandError as `openOwnFolder` and `writeWholeFile` do
 */
export function writeOwnFile(folder: string, name: string, text: string): void {
  for (let attempt = 1; ; attempt += 1) {
    openOwnFolder(folder);
    try {
      writeWholeFile(path.join(folder, name), text, { mode: 0o600 });
      return;
    } catch (error) {
      // Another command has just removed the empty folder.
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

/** On Windows each user has a temp folder of their own, and modes mean nothing. */
const isMine = ({ uid }: Stats): boolean => process.geteuid === undefined || uid === process.geteuid();
const isOpenToOthers = ({ mode }: Stats): boolean => process.geteuid !== undefined && (mode & OTHERS) !== 0;
