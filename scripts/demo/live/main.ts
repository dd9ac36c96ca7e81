import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CommandError } from '../../shared/errors.ts';
import { runMain } from '../../shared/run-main.ts';
import type { RunningPlayground } from '../../shared/running-playground.ts';
import { watchPlayground } from './stage/by-control.ts';
import { openStage } from './stage/stage.ts';

/**
 * The live page of a playground that runs, for `npm run playground -- --live`.
 * A line of JSON on its standard input names the playground; a line on its
 * standard output has the page's URL. It serves until its standard input ends.
 */
await runMain(async ({ signal, print }) => {
  const input = createInterface(process.stdin);
  const over = once(input, 'close', { signal });
  over.catch(() => undefined);
  const named = once(input, 'line', { signal }) as Promise<string[]>;
  const [line] = await Promise.race([named, over as Promise<string[]>]);
  if (line === undefined) throw new CommandError('No playground was named on standard input.');
  let fail: (error: Error) => void = () => undefined;
  const gone = new Promise<never>((_resolve, reject) => (fail = reject));
  gone.catch(() => undefined);
  const playground = await watchPlayground(JSON.parse(line) as RunningPlayground, fail);
  try {
    const stage = await openStage(playground);
    try {
      await print(`${JSON.stringify({ url: stage.url })}\n`);
      await Promise.race([over, gone]);
    } finally {
      await stage.close();
    }
  } finally {
    playground.stop();
  }
  return 0;
});
