/**
 * Lets Node run TypeScript: `node --import ./load-typescript.mjs
 * scripts/switch/main.ts`. From 22.18 on it does so by itself, since our sources have
 * nothing but types to be taken away; before that, tsx compiles them as Node reads them.
 *
 * tsx keeps what it has compiled, and the socket of its parent, in a folder of the temp
 * folder whose name anybody can guess. On a machine with several users somebody else may have
 * made that folder, and what lies in it is run. Hence: only a folder that this user alone can
 * have written. Everywhere else (a temp folder that is read-only, too) tsx gets none.
 */
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

const uid = process.geteuid?.();
// https://nodejs.org/api/process.html#processfeaturestypescript
if (!process.features.typescript) await loadTsx();

async function loadTsx() {
  try {
    import.meta.resolve('tsx');
  } catch {
    process.stderr.write('The packages are not installed. Run: npm ci\n');
    process.exit(1);
  }
  // Windows gives each user a temp folder of their own.
  if (uid === undefined || ownsFolder(path.join(tmpdir(), `tsx-${uid}`))) {
    await import('tsx');
    return;
  }
  const { TMPDIR } = process.env;
  process.env.TSX_DISABLE_CACHE = '1';
  // Nothing can be below it: tsx looks once, while it is loaded.
  process.env.TMPDIR = '/dev/null';
  await import('tsx');
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
}

/**
 * Made when it is missing. In a folder that everybody may write to and
 * that is not sticky, it could be exchanged at any time.
 */
function ownsFolder(folder) {
  try {
    const parent = statSync(path.dirname(folder));
    const isSafe = (parent.mode & WRITABLE_BY_OTHERS) === 0 || (parent.mode & STICKY) !== 0;
    if (!isSafe || (parent.uid !== uid && parent.uid !== 0)) return false;
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (error.code !== 'EEXIST') return false;
    }
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === uid && (stats.mode & WRITABLE_BY_OTHERS) === 0;
  } catch {
    return false;
  }
}
