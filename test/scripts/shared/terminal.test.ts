import { describe, expect, it } from '@jest/globals';
import { createSteps } from '../../../scripts/shared/terminal.ts';

function screen(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 80, write: (more: string) => (text += more), text: () => text };
}

describe('createSteps', () => {
  it('writes one plain line per step where there is no terminal', () => {
    const output = screen(false);
    const steps = createSteps(output, { titleWidth: 20 });
    steps.start('Preflight');
    steps.progress('looking');
    steps.succeed('v1 serves all traffic');
    steps.start('Deploy v2');
    steps.fail('image missing');
    steps.line('v1 still serves.');
    expect(output.text()).toBe(
      ' ✓ Preflight           v1 serves all traffic\n ✗ Deploy v2           image missing\nv1 still serves.\n',
    );
  });

  it('keeps a title that fills its column, or more, apart from what follows', () => {
    for (const length of [19, 20, 21, 60]) {
      const output = screen(false);
      const steps = createSteps(output, { titleWidth: 20 });
      const title = 'v'.repeat(length);
      steps.start(title);
      steps.succeed('1/1 pods ready');
      expect(output.text()).toBe(` ✓ ${title} 1/1 pods ready\n`);
    }
  });

  it('replaces the running line by the finished one on a terminal', () => {
    const output = screen(true);
    const steps = createSteps(output, { titleWidth: 12 });
    steps.start('Preflight');
    steps.succeed('fine');
    steps.stop();
    const erase = '\r\x1b[K';
    const shown = output.text().split(erase).at(-1);
    expect(output.text()).toContain(`${erase} ⠋ Preflight`);
    expect(shown).toMatch(/✓.* Preflight {3}fine\n$/);
  });
});
