/** Many seeds, on all cores: each worker takes some when it has done with those before. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { bundle } from '../../scripts/shared/bundle.ts';
import type { Report } from './simulate.ts';

export interface Batch {
  from: number;
  count: number;
}

export type Result = Omit<Report, 'story'>;

/** So many seeds a worker takes at a time. */
const BATCH = 50;
/**
 * Then another takes its place: of a run that was killed, what waits
 * for a signal stays in Node's memory for good.
 */
const BATCHES_OF_A_WORKER = 100;

export interface SeedsToRun {
  from: number;
  seeds: number;
  workers: number;
  /** By its name. */
  mutant: string;
  onResults: (results: Result[]) => void;
  signal?: AbortSignal | undefined;
}

/** Throws the signal's reason when it is aborted, and whatever a worker threw. */
export async function runSeeds({
  from,
  seeds,
  workers,
  mutant,
  onResults,
  signal,
}: SeedsToRun): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'simulation-'));
  const file = path.join(folder, 'worker.mjs');
  let next = from;
  const take = (): Batch | undefined => {
    const count = Math.min(BATCH, from + seeds - next);
    if (count <= 0) return undefined;
    next += count;
    return { from: next - count, count };
  };
  try {
    // Plain node, without a loader: closures are made half as quickly under one.
    await bundle(path.join(import.meta.dirname, 'worker.ts'), file);
    await Promise.all(
      Array.from({ length: Math.min(workers, Math.ceil(seeds / BATCH)) }, () =>
        work(file, { take, mutant, onResults, signal }),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function work(
  file: string,
  {
    take,
    mutant,
    onResults,
    signal,
  }: Pick<SeedsToRun, 'mutant' | 'onResults' | 'signal'> & {
    take: () => Batch | undefined;
  },
): Promise<void> {
  let batch = take();
  while (batch !== undefined) {
    const worker = new Worker(file, { workerData: { mutant } });
    try {
      for (let count = 0; batch !== undefined && count < BATCHES_OF_A_WORKER; count += 1) {
        signal?.throwIfAborted();
        worker.postMessage(batch);
        const [results] = (await once(worker, 'message', signal ? { signal } : {})) as [Result[]];
        onResults(results);
        batch = take();
      }
    } finally {
      await worker.terminate();
    }
  }
}
