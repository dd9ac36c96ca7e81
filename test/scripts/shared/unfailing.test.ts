import { describe, expect, it } from '@jest/globals';
import { createSteps } from '../../../scripts/shared/terminal.ts';
import { unfailing } from '../../../scripts/shared/unfailing.ts';

describe('a listener that cannot fail', () => {
  it('is complained about once, and told of everything further on', async () => {
    const heard: string[] = [];
    const complaints: unknown[] = [];
    const listener = unfailing(
      {
        note(text: string) {
          heard.push(text);
          throw new Error(`full at ${text}`);
        },
        // eslint-disable-next-line @typescript-eslint/require-await -- what a careless listener looks like
        async later(text: string): Promise<void> {
          heard.push(text);
          throw new Error('rejected');
        },
      },
      (error) => complaints.push((error as Error).message),
    );
    listener.note('one');
    listener.note('two');
    await listener.later('three');
    expect(heard).toEqual(['one', 'two', 'three']);
    expect(complaints).toEqual(['full at one']);
  });

  it('may have somebody to complain to who fails too', () => {
    const fail = (): never => {
      throw new Error('full');
    };
    expect(() => unfailing({ note: fail }, fail).note()).not.toThrow();
  });
});

it('goes on with its steps on a terminal that cannot be written', () => {
  const steps = createSteps({
    isTTY: true,
    write: () => {
      throw new Error('EIO');
    },
  });
  expect(() => {
    steps.start('Deploy');
    steps.line('a note');
    steps.succeed('done');
    steps.stop();
  }).not.toThrow();
});
