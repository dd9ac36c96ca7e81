import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeTempFolder } from '../../shared/own-folder.ts';
import { writeWholeFile } from '../../shared/whole-file.ts';

const prefix = 'coffee-shop-report-';

/** Marker file in the folders that the demo has named itself: only these are ever removed. */
export const marker = '.may-be-removed';

/** How many reports without `--out` are kept, the newest ones. */
export const keptReports = 10;

/** A new folder under the system's temp. Older ones are removed; a folder of `--out` is never touched. */
export async function newReportFolder(tempFolder: string): Promise<string> {
  await removeOldest(tempFolder, keptReports - 1);
  const folder = makeTempFolder(prefix, tempFolder);
  writeWholeFile(
    path.join(folder, marker),
    `npm run demo made this folder and removes it once there are ${keptReports} newer ones. Delete this file to keep it.\n`,
  );
  return folder;
}

/** A folder named with `--out` is the user's from now on: removes the marker. */
export async function keepReportFolder(folder: string): Promise<void> {
  await rm(path.join(folder, marker), { force: true });
}

async function removeOldest(tempFolder: string, keep: number): Promise<void> {
  const names = (await readdir(tempFolder)).filter((name) => name.startsWith(prefix));
  const found = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(tempFolder, name);
      return { folder, madeMs: await whenMade(folder) };
    }),
  );
  const old = found
    .filter(({ madeMs }) => madeMs !== undefined)
    .sort((a, b) => (b.madeMs ?? 0) - (a.madeMs ?? 0))
    .slice(keep);
  // Gone meanwhile.
  await Promise.all(
    old.map(({ folder }) => rm(folder, { recursive: true, force: true }).catch(() => undefined)),
  );
}

/**
 * Modification time of a folder with the marker; undefined for every
 * other one: without the marker, a link, another user's.
 */
async function whenMade(folder: string): Promise<number | undefined> {
  try {
    const [stats, mark] = await Promise.all([lstat(folder), lstat(path.join(folder, marker))]);
    const isOurs = [stats, mark].every(
      ({ uid }) => process.geteuid === undefined || uid === process.geteuid(),
    );
    return isOurs && stats.isDirectory() && mark.isFile() ? stats.mtimeMs : undefined;
  } catch {
    return undefined;
  }
}
