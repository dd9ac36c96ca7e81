import { describe, expect, it } from '@jest/globals';
import { verifyReadAlike } from './support/kubeconfig/agree.ts';
import { findTools } from '../support/tools/tools.ts';

/** A sample; a thousand sets: npm run test:matrix -- test/matrix/kubectl/kubeconfig. */
const SETS = 60;
/** Some six seconds on a quiet machine. */
const LONGEST_MS = 120_000;

const tools = await findTools();

describe('a set of kubeconfig files', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `says to us what it says to the real kubectl, ${SETS} random ones${typeof tools === 'string' ? ` (skipped: ${tools})` : ''}`,
    async () => {
      if (typeof tools === 'string') return;
      const { usable, broken } = await verifyReadAlike(tools.kubectl, SETS);
      expect(usable + broken).toBe(SETS);
      // Both kinds came up, or less was compared than is said.
      expect(Math.min(usable, broken)).toBeGreaterThan(0);
    },
    LONGEST_MS,
  );
});
