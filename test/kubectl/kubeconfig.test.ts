import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placeFiles, readByKubectl, readByUs } from './support/kubeconfig/compare.ts';
import { fileSet } from './support/kubeconfig/random-files.ts';
import { findTools } from './support/tools.ts';

/** A sample; a thousand sets: npm run test:matrix -- test/matrix/kubectl/kubeconfig. */
const SETS = 60;
/** Some ten seconds on a quiet machine. */
const LONGEST_MS = 120_000;

const tools = await findTools();
const folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-oracle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a set of kubeconfig files', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `says to us what it says to the real kubectl, ${SETS} random ones${typeof tools === 'string' ? ` (skipped: ${tools})` : ''}`,
    () => {
      if (typeof tools === 'string') return;
      const { kubectl } = tools;
      fc.assert(
        fc.property(fileSet, (set) => {
          const list = placeFiles(set, path.join(folder, 'set'));
          expect(readByUs(list)).toEqual(readByKubectl(kubectl, list, folder));
        }),
        { numRuns: SETS },
      );
    },
    LONGEST_MS,
  );
});
