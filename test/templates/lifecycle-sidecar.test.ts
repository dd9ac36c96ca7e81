import { describe, it } from '@jest/globals';
import { expectLosslessRollout } from '../support/lifecycle-rollout.ts';

describe('a rolling update of k8s/lifecycle-native', () => {
  it('loses nothing, and leaves a flight record per pod', async () => {
    await expectLosslessRollout('lifecycle-native', 'preStop');
  }, 120_000);
});
