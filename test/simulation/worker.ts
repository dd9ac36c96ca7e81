/** Runs the seeds it is handed, one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { UNCHANGED } from './mutants/mutant.ts';
import { mutants } from './mutants/mutants.ts';
import type { Batch, Result } from './run-seeds.ts';
import { simulate } from './simulate.ts';

const { mutant: name } = workerData as { mutant: string };
const mutant = mutants.find((one) => one.name === name) ?? UNCHANGED;

async function runBatch({ from, count }: Batch): Promise<Result[]> {
  const results: Result[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    results.push(await simulate(seed, { mutant }));
    // A simulation takes no turn of the event loop: whoever waits for this thread is heard in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}

parentPort?.on('message', (batch: Batch) => {
  void runBatch(batch).then((results) => parentPort?.postMessage(results));
});
