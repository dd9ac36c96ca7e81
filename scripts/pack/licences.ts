import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Whose code is in a bundle, and under which licence: most of them ask that their text goes with it.
 * @param inputs the files that were bundled, below `root`
 */
export function licencesOf(root: string, inputs: readonly string[]): string {
  const folders = inputs.flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  );
  return [...new Set(folders)]
    .sort()
    .map((folder) => noticeOf(path.join(root, folder)))
    .join('\n\n');
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)\b/i.test(entry));
  const words =
    file !== undefined && existsSync(path.join(folder, file))
      ? readFileSync(path.join(folder, file), 'utf8')
      : '';
  return `${'-'.repeat(78)}\n${String(name)} ${String(version)} (${String(license)})\n\n${words.trim()}`.trimEnd();
}
