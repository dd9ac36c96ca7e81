import { describe, expect, it } from '@jest/globals';
import { expectLosslessRollout } from '../../support/lifecycle-rollout.ts';

describe('a rolling update of k8s/correct with the lifecycle sidecar as an ordinary container', () => {
  it('loses nothing, and leaves a flight record per pod', async () => {
    // An ordinary container gets SIGTERM while the hook begins; which of the two it sees first is chance.
    await expectLosslessRollout('classic', expect.stringMatching(/^(preStop|SIGTERM)$/));
  }, 120_000);
});
