import { parseArgs } from 'node:util';
import { UsageError } from '../shared/errors.ts';
import { runMain } from '../shared/run-main.ts';
import { keepsLimit, type Measured } from './measured.ts';
import { formatTable } from './table.ts';

const help = `npm run bench -- [flags] [NAME ...]     benchmarks as ratios within one run

  NAME       only these: NAMES (default: all)
  --full     the full sizes instead of those that end in minutes
  --json     [{name, value, unit, limit, against}] on stdout

Example: npm run bench -- render
`;

/** Loaded when asked for: each set brings its own tools. */
const sets: Record<string, (options: { full: boolean }) => Promise<Measured[]>> = {
  render: async () => (await import('./render.ts')).renderBenchmarks(),
  service: async (options) => (await import('./service.ts')).serviceBenchmarks(options),
  switch: async () => (await import('./switch.ts')).switchBenchmarks(),
  scale: async () => (await import('./switch.ts')).scaleBenchmarks(),
  simulation: async (options) => (await import('./simulation.ts')).simulationBenchmarks(options),
  soak: async (options) => (await import('./soak.ts')).soakBenchmarks(options),
  playground: async () => (await import('./playground.ts')).playgroundBenchmarks(),
  rollouts: async (options) => (await import('./memory.ts')).rolloutBenchmarks(options),
  memory: async (options) => (await import('./memory.ts')).memoryBenchmarks(options),
};

await runMain(
  async ({ argv }) => {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        full: { type: 'boolean', default: false },
      },
    });
    const known = Object.keys(sets);
    if (values.help) {
      process.stdout.write(help.replace('NAMES', known.join(', ')));
      return 0;
    }
    const unknown = positionals.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`no benchmark "${unknown}"; there are: ${known.join(', ')}.`);
    const results: Measured[] = [];
    for (const name of positionals.length > 0 ? positionals : known) {
      process.stderr.write(`${name} ...\n`);
      results.push(...((await sets[name]?.({ full: values.full })) ?? []));
    }
    process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : formatTable(results));
    return results.every(keepsLimit) ? 0 : 1;
  },
  { graceMs: 0 },
); // Nothing to put in order: what a benchmark started ends with it.
