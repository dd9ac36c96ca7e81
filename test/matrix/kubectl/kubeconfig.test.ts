import { describe, expect, it } from '@jest/globals';
import { verifyReadAlike } from '../../kubectl/support/kubeconfig/agree.ts';
import { findTools } from '../../support/tools/tools.ts';

const SETS = 1000;
/** Two minutes on a quiet machine. */
const LONGEST_MS = 900_000;

const tools = await findTools();

describe('a set of kubeconfig files', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `says to us what it says to the real kubectl, ${SETS} random ones${typeof tools === 'string' ? ` (skipped: ${tools})` : ''}`,
    async () => {
      if (typeof tools === 'string') return;
      const { usable, broken } = await verifyReadAlike(tools.kubectl, SETS);
      expect(usable + broken).toBe(SETS);
      expect(Math.min(usable, broken)).toBeGreaterThan(SETS / 10);
    },
    LONGEST_MS,
  );
});
