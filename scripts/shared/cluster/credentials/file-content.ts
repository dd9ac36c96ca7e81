import { readRegularFile } from '../../regular-file.ts';

/** Tokens, keys and certificates; a system's bundle of authorities has a few hundred KB. */
export const MAX_CREDENTIAL_BYTES = 16 * 1024 * 1024;

/**
 * A file whose content may change while we run: read at each use. While it cannot be read (it is just being
 * replaced), or `isUsable` refuses its content, the last good content is used. Throws when there is none yet.
 */
export function rotatingFile(file: string, isUsable: (content: string) => void): () => string {
  let last: string | undefined;
  return () => {
    try {
      const content = readRegularFile(file, { maxBytes: MAX_CREDENTIAL_BYTES }).toString('utf8');
      if (content !== last) isUsable(content);
      last = content;
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}
