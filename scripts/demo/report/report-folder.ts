import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeTempFolder } from '../../shared/own-folder.ts';
import { writeWholeFile } from '../../shared/whole-file.ts';

const prefix = 'coffee-shop-report-';

/** Lies in the folders that the demo has named itself, and in no other: only these are ever removed. */
export const marker = '.may-be-removed';

/** So many reports without a name of their own are kept, the newest ones. */
export const keptReports = 10;

/** A new folder under the system's temp. Earlier ones go, so that nothing piles up where nobody looks; what `--out` named is never touched. */
export async function newReportFolder(tempFolder: string): Promise<string> {
  await removeOldest(tempFolder, keptReports - 1);
  const folder = makeTempFolder(prefix, tempFolder);
  writeWholeFile(
    path.join(folder, marker),
    `npm run demo made this folder and removes it once there are ${keptReports} newer ones. Delete this file to keep it.\n`,
  );
  return folder;
}

/** A folder that somebody names is theirs from now on, whoever made it. */
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
  // Gone meanwhile: no reason to stop.
  await Promise.all(
    old.map(({ folder }) => rm(folder, { recursive: true, force: true }).catch(() => undefined)),
  );
}

/** When a folder of ours was last written to; undefined for every other one: without the marker, a link, another user's. */
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
