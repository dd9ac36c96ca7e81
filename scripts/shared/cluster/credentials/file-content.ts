import { readFileSync } from 'node:fs';

/**
 * A file whose content may change while we run: read at each use. While it cannot be read (somebody is just replacing it), or `isUsable`
 * refuses what it holds, the last good content counts. Throws what went wrong when there is none yet.
 */
export function rotatingFile(file: string, isUsable: (content: string) => void): () => string {
  let last: string | undefined;
  return () => {
    try {
      const content = readFileSync(file, 'utf8');
      if (content !== last) isUsable(content);
      last = content;
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}
