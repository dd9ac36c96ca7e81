import type { Measured } from './measured.ts';
import { measureChurn } from './pod/churn.ts';
import { measureQuietEnd } from './pod/quiet-end.ts';
import { createServerPrograms } from './pod/server-process.ts';
import { measureShutdowns, type ShutdownSizes } from './pod/shutdowns.ts';
import { measureThroughput, type ThroughputSizes } from './pod/throughput.ts';

export interface ServiceBenchmarkOptions {
  /**
   * 1,000 shutdowns with more than 500,000 POSTs, 1,000,000 requests
   * of churn: about half an hour on two cores.
   */
  full?: boolean;
  /** Sizes that differ from both. */
  throughput?: ThroughputSizes;
  shutdowns?: ShutdownSizes;
  churn?: { requests: number; rounds: number };
}

const quick = {
  throughput: { processes: 4, slices: 20, requests: 300 },
  shutdowns: { shutdowns: 8, posts: 0, unprotected: 2, atOnce: 4 },
  churn: { requests: 40_000, rounds: 20 },
};
const whole = {
  throughput: { processes: 12, slices: 40, requests: 300 },
  shutdowns: { shutdowns: 1_000, posts: 510, unprotected: 20, atOnce: 8 },
  churn: { requests: 1_000_000, rounds: 50 },
};

/** What the service costs and what its end loses, each number beside what it is to be read against. */
export async function serviceBenchmarks({ full = false, ...sizes }: ServiceBenchmarkOptions = {}): Promise<
  Measured[]
> {
  const { throughput, shutdowns, churn } = { ...(full ? whole : quick), ...sizes };
  const programs = createServerPrograms();
  try {
    return [
      ...(await measureThroughput(programs, throughput)),
      ...(await measureChurn(programs, churn)),
      // The service's own defaults.
      ...(await measureQuietEnd(programs, { minMs: 5_000, quietMs: 2_000 })),
      ...(await measureShutdowns(programs, shutdowns)),
    ];
  } finally {
    await programs.close();
  }
}
