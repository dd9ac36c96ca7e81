import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { placeFiles, readByKubectl, readByUs } from './compare.ts';
import { fileSet } from './random-files.ts';

/**
 * So many random sets of files, each read by kubectl and by us: the same clusters, users,
 * contexts and current context, or the same files that cannot be used. Two differences are
 * meant: `preferences` and the extensions of a whole file are judged and not kept, for
 * nothing here uses them; and a lone `-` as a value within braces, which is no YAML and
 * which Go's parser lets pass, is an error. Throws with the smallest set that differs.
 */
export async function verifyReadAlike(
  kubectl: string,
  sets: number,
): Promise<{ usable: number; broken: number }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-oracle-'));
  const count = { usable: 0, broken: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(fileSet, async (set) => {
        const list = placeFiles(set, path.join(folder, 'set'));
        const theirs = await readByKubectl(kubectl, list, folder);
        count['broken' in theirs ? 'broken' : 'usable'] += 1;
        expect(readByUs(list)).toEqual(theirs);
      }),
      { numRuns: sets },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return count;
}
