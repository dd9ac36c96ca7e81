import { afterAll, describe, expect, it } from '@jest/globals';
import { commandBlocks, documents } from '../../docs/blocks.ts';
import { exceptionFor } from '../../docs/exceptions.ts';
import { withoutInstall } from '../../docs/run-block.ts';
import { openReading } from './reading.ts';

const guide = 'WORKSHOP.md';

/**
 * How often the guide is gone through: `WORKSHOP_RUNS=10 npm run
 * test:matrix -- test/matrix/docs -t WORKSHOP.md`.
 */
const guideRuns = Number(process.env['WORKSHOP_RUNS'] ?? 1);

const minutes = 60_000;

const readings = documents().flatMap(({ file, text }) => {
  const blocks = commandBlocks(file, text)
    // The others are run by test/docs.
    .filter(({ words }) => words.some((word) => ['long', 'step', 'yours'].includes(word)))
    .filter(({ commands }) => commands.some((one) => exceptionFor(withoutInstall(one.text)) === undefined))
    .map((block) => ({
      name: `${file}:${block.line} ${block.commands[0]?.text.split('\n')[0] ?? ''}`,
      block,
    }));
  const times = file === guide ? guideRuns : 1;
  return Array.from({ length: blocks.length === 0 ? 0 : times }, (_, index) => ({
    title: times === 1 ? file : `${file}, run ${index + 1} of ${times}`,
    blocks,
  }));
});

describe.each(readings)('what $title promises, run in a copy', ({ title, blocks }) => {
  const reading = openReading(title, blocks.length);
  afterAll(() => reading.close());

  it.each(blocks)(
    '$name',
    async ({ block }) => {
      const said = await reading.read(block);
      const hasLoad = block.commands.some(({ text }) => text.startsWith('npm run load'));
      if (hasLoad && block.words.includes('yours')) {
        expect(said.join('\n')).toMatch(/requests answered, none lost/);
      }
    },
    20 * minutes,
  );
});

it('goes through the guide', () => {
  expect(readings.filter(({ title }) => title.startsWith(guide)).length).toBeGreaterThan(0);
});
