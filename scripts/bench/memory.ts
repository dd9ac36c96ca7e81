import type { Measured } from './measured.ts';
import { memoryOverRollouts } from './memory/over-rollouts.ts';
import { memoryUnderLoad } from './memory/under-load.ts';

const say = (line: string): void => void process.stderr.write(`  ${line}\n`);

/** Whether a playground's memory stays bounded over many rollouts. */
export const rolloutBenchmarks = ({ full }: { full: boolean }): Promise<Measured[]> =>
  memoryOverRollouts({ rollouts: full ? 1_000 : 100, say });

/**
 * Whether a playground's memory stays bounded under load, in the second half of three minutes or of an hour.
 */
export const memoryBenchmarks = ({ full }: { full: boolean }): Promise<Measured[]> =>
  memoryUnderLoad({ loadMs: (full ? 60 : 3) * 60_000, say });
