import { readFileSync } from 'node:fs';

/**
 * The version of this project: of its package.json, which lies two folders above each source, and above each
 * program of the tools that are packed from them.
 */
export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version?: string }).version ?? 'unknown';
}
