import { availableParallelism } from 'node:os';
import { runMain } from '../../scripts/shared/run-main.ts';
import { help, parseSimulationArgs } from './command-line.ts';
import { createTally } from './tally.ts';

await runMain(async ({ argv, signal }) => {
  const options = parseSimulationArgs(argv, availableParallelism());
  if (options.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const { from, seeds, workers, mutant, json, verbose } = options;
  const tally = createTally(from, seeds);
  const started = performance.now();
  if (seeds === 1) {
    const { simulate } = await import('./simulate.ts');
    const report = await simulate(from, { mutant, isTold: verbose });
    if (verbose) process.stderr.write(`${report.story.join('\n')}\n`);
    tally.add(report);
  } else {
    const { runSeeds } = await import('./run-seeds.ts');
    await runSeeds({
      from,
      seeds,
      workers,
      mutant: mutant.name,
      signal,
      onResults: (results) => results.forEach((result) => tally.add(result)),
    });
  }
  const tookMs = performance.now() - started;
  if (json) process.stdout.write(`${JSON.stringify(tally.document(tookMs), null, 2)}\n`);
  else process.stdout.write(`${tally.describe(tookMs)}\n`);
  return tally.hasViolations() ? 1 : 0;
});
