import { describe, it } from '@jest/globals';
import { expectLosslessRollout } from '../support/lifecycle-rollout.ts';

describe('a rolling update of k8s/correct with the lifecycle sidecar as a native one', () => {
  it('loses nothing, and leaves a flight record per pod', async () => {
    await expectLosslessRollout('native', 'preStop');
  }, 120_000);
});
