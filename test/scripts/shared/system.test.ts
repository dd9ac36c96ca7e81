import { describe, expect, it } from '@jest/globals';
import { verifyHasSignals } from '../../../scripts/shared/system.ts';

describe('what needs signals', () => {
  it('says on Windows in one line where it runs, and what runs here', () => {
    expect(() => verifyHasSignals('The playground', 'win32')).toThrow(
      /^The playground needs Linux, macOS or WSL: .* render, load and switch run here\.$/,
    );
  });

  it.each(['linux', 'darwin'] as const)('starts on %s', (platform) => {
    expect(() => verifyHasSignals('The playground', platform)).not.toThrow();
  });
});
