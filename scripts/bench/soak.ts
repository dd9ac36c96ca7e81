import { soak } from './switch/soak.ts';
import type { Measured } from './measured.ts';

/** The whole takes a little over half an hour: 1,000,000 requests at 500 per second. */
const whole = { switches: 100, requests: 1_000_000, longestMs: 60 * 60_000 };
const quick = { switches: 10, requests: 30_000, longestMs: 10 * 60_000 };

/** Switches back and forth under load on a playground; progress and the account on stderr. */
export async function soakBenchmarks({ full }: { full: boolean }): Promise<Measured[]> {
  return soak({ ...(full ? whole : quick), say: (line) => void process.stderr.write(`  ${line}\n`) });
}
