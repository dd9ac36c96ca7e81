import { readRegularFile } from '../../shared/regular-file.ts';

/** Cluster files have a few KB. A larger one is not read here; the renderer judges it. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The app that a cluster file names for all of its sets; undefined where it does not exist or names none.
 * Only this line is read, before the YAML parser is loaded. The renderer judges the rest of the file.
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
