import { readRegularFile } from '../../shared/regular-file.ts';

/** A cluster file that people write has a few KB; the renderer judges larger ones. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The app that a cluster file names for all of its sets; undefined where there is no such file, or none is
 * named. Read before anything else is loaded, and so by its line alone: what else is in the file is the
 * renderer's to judge.
 */
export function appOf(clusterFile: string): string | undefined {
  let text: string;
  try {
    text = readRegularFile(clusterFile, { maxBytes: MAX_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
  const [, global = ''] =
    /^global:[ \t]*(?:#.*)?\r?\n((?:[ \t]+.*\r?\n|[ \t]*#.*\r?\n|[ \t]*\r?\n)*)/m.exec(text) ?? [];
  return /^[ \t]+app:[ \t]*(["']?)([\w.-]+)\1[ \t]*(?:#.*)?$/m.exec(global)?.[2];
}
