import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const prefix = 'coffee-shop-report-';

/** So many reports without a name of their own are kept, the newest ones. */
export const keptReports = 10;

/** A new folder under the system's temp. Earlier ones go, so that nothing piles up where nobody looks; what `--out` named is never touched. */
export async function newReportFolder(tempFolder: string): Promise<string> {
  await removeOldest(tempFolder, keptReports - 1);
  return mkdtemp(path.join(tempFolder, prefix));
}

async function removeOldest(tempFolder: string, keep: number): Promise<void> {
  const names = (await readdir(tempFolder)).filter((name) => name.startsWith(prefix));
  const found = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(tempFolder, name);
      const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: 0 }));
      return { folder, mtimeMs };
    }),
  );
  const old = found.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(keep);
  // Another user's, or gone meanwhile: no reason to stop.
  await Promise.all(
    old.map(({ folder }) => rm(folder, { recursive: true, force: true }).catch(() => undefined)),
  );
}
