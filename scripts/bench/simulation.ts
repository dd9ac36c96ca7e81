/** The switch in many simulated worlds: test/simulation, as a program of its own. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import path from 'node:path';
import { CommandError } from '../shared/errors.ts';
import type { Measured } from './measured.ts';

interface Found {
  seeds: number;
  violations: { seed: number; what: string }[];
  requests: number;
  tookMs: number;
}

const root = path.resolve(import.meta.dirname, '../..');

/** 1,000,000 worlds, or 20,000 as in each pull request. */
export async function simulationBenchmarks({ full }: { full: boolean }): Promise<Measured[]> {
  const seeds = full ? 1_000_000 : 20_000;
  const { violations, requests, tookMs } = await simulateAll(seeds);
  for (const { seed, what } of violations.slice(0, 20)) process.stderr.write(`  seed ${seed} ${what}\n`);
  const failed = new Set(violations.map(({ seed }) => seed)).size;
  return [
    {
      name: 'worlds in which something does not hold',
      value: failed,
      unit: 'worlds',
      limit: 0,
      against: `${seeds.toLocaleString('en-US')} worlds, ${requests.toLocaleString('en-US')} requests in them`,
    },
    {
      name: 'one world',
      value: Math.round((100 * tookMs) / seeds) / 100,
      unit: 'ms',
      // 20,000 in two minutes, on the two cores of a pipeline.
      limit: 6,
      against: 'all cores at work',
    },
  ];
}

async function simulateAll(seeds: number): Promise<Found> {
  const child = spawn(
    process.execPath,
    ['--import', './load-typescript.mjs', 'test/simulation/main.ts', '--seeds', String(seeds), '--json'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const printed = await text(child.stdout);
  try {
    return JSON.parse(printed) as Found;
  } catch (error) {
    throw new CommandError(`the simulation of ${seeds} worlds gave no result`, { cause: error });
  }
}
