import { describe, expect, it } from '@jest/globals';
import { expectLosslessRollout } from '../../support/lifecycle-rollout.ts';

describe('a rolling update of k8s/lifecycle-classic', () => {
  it('loses nothing, and leaves a flight record per pod', async () => {
    // An ordinary container gets SIGTERM while the hook begins; which of the two it sees first is chance.
    await expectLosslessRollout('lifecycle-classic', expect.stringMatching(/^(preStop|SIGTERM)$/));
  }, 120_000);
});
