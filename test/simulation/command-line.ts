import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/shared/errors.ts';
import { mutants } from './mutants/mutants.ts';
import { UNCHANGED } from './mutants/mutant.ts';
import type { Mutant } from './mutants/mutant.ts';

export const help = `The real switch in a simulated cluster, in virtual time: each seed draws a world, faults and mishaps.

  npm run simulate -- --seeds 20000            try the seeds 1 to 20000
  npm run simulate -- --seed 303 --verbose     replay one as a story

  --seeds N      how many seeds (1000)
  --from S       the first of them (1)
  --seed X       this one only
  --verbose      tell what happened, line by line
  --workers N    how many at once (one per core)
  --mutant TEXT  a switch that lacks something, by a part of its name; the simulation should find out:
${mutants.map(({ name }) => `                 ${name}`).join('\n')}
  --json         one JSON document on stdout
  -h, --help     this text

Exit code 1 when a seed shows a violation.

Example: npm run simulate -- --seeds 20000`;

export interface SimulationOptions {
  help: boolean;
  json: boolean;
  verbose: boolean;
  from: number;
  seeds: number;
  workers: number;
  mutant: Mutant;
}

/** @throws {UsageError} for a number that is none, or a mutant nobody knows */
export function parseSimulationArgs(args: string[], cores: number): SimulationOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      seeds: text,
      from: text,
      seed: text,
      workers: text,
      mutant: text,
      verbose: flag,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  });
  const one = values.seed === undefined ? undefined : wholeNumber('seed', values.seed, 0);
  return {
    help: values.help,
    json: values.json,
    verbose: values.verbose,
    from: one ?? wholeNumber('from', values.from ?? '1', 0),
    seeds: one === undefined ? wholeNumber('seeds', values.seeds ?? '1000', 1) : 1,
    workers: wholeNumber('workers', values.workers ?? String(cores), 1),
    mutant: findMutant(values.mutant),
  };
}

function wholeNumber(flag: string, value: string, least: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (!(number >= least))
    throw new UsageError(`--${flag} must be a whole number from ${least} to 999999999, got "${value}".`);
  return number;
}

export function findMutant(name: string | undefined): Mutant {
  if (name === undefined) return UNCHANGED;
  const found = mutants.find((mutant) => mutant.name.includes(name));
  if (found === undefined)
    throw new UsageError(`--mutant: none is named "${name}". See --help for their names.`);
  return found;
}
