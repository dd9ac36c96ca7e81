import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleCommand } from '../render/bundle.ts';
import { RenderError } from '../render/template/errors.ts';
import { goFunctions } from '../render/template/builtins.ts';
import { renderText } from '../render/template/render.ts';
import { fromPlain } from '../render/template/values.ts';
import { loadTypeScript } from '../shared/load-typescript.ts';
import { ORACLE_NAME, askOracle, installOracle, type OracleAnswer } from './go-template-oracle.ts';
import { randomCase, type RandomCase } from './random-templates.ts';

export interface Measured {
  name: string;
  value: number;
  unit: string;
  /** The most the value may be; null where it is there for comparison. */
  limit: number | null;
  /** What the value is to be read against. */
  against: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const rounded = (value: number): number => Math.round(value * 10) / 10;

async function wallTime(args: readonly string[]): Promise<number> {
  const start = performance.now();
  await run(process.execPath, args, { cwd: root });
  return performance.now() - start;
}

/**
 * Both cluster files of the project, as a program: the bundle, Node
 * alone, and `npm run render`'s way through tsx.
 */
async function startToEnd(): Promise<Measured[]> {
  const bundle = await bundleCommand();
  try {
    const bundled: number[] = [];
    const bare: number[] = [];
    const compiled: number[] = [];
    // By turns, so that a busy moment of the machine meets all of them.
    for (let turn = 0; turn < 9; turn++) {
      bare.push(await wallTime(['-e', '0']));
      for (const file of ['k8s/cluster.yaml', 'istio/cluster.yaml']) {
        bundled.push(await wallTime([bundle.program, 'template', file]));
      }
      if (turn < 3) {
        compiled.push(
          await wallTime([...loadTypeScript, 'scripts/render/main.ts', 'template', 'istio/cluster.yaml']),
        );
      }
    }
    const against = `node -e 0: ${rounded(median(bare))} ms; without the bundle (tsx): ${rounded(median(compiled))} ms`;
    return [
      {
        name: 'render: a whole cluster file, from start to end of the process',
        value: rounded(median(bundled)),
        unit: 'ms',
        limit: 150,
        against,
      },
    ];
  } finally {
    bundle.remove();
  }
}

/** A template of about one megabyte that goes round a list, 20,000 times in all at full size. */
function largeCase(iterations: number): RandomCase {
  const filler = '# a line of a manifest that stays as it is, whatever the values are\n';
  const body =
    '- name: {{ $item.name }}\n  weight: {{ $item.weight }}{{ if eq $i 3 }}\n  first: true{{ end }}\n';
  const template = `${filler.repeat(Math.ceil(2 ** 20 / filler.length))}{{ range $i, $item := .items }}${body}{{ end }}`;
  const items = Array.from({ length: iterations }, (_, index) => ({
    name: `item-${index}`,
    weight: index % 100,
  }));
  return { template, values: { items } };
}

function timeToRender({ template, values }: RandomCase): number {
  const data = fromPlain(values);
  const start = performance.now();
  renderText(template, data, 'large.yaml', { functions: goFunctions });
  return performance.now() - start;
}

function largeTemplate(): Measured[] {
  const measure = (iterations: number, times: number): number => {
    const each = largeCase(iterations);
    return median(Array.from({ length: times }, () => timeToRender(each)));
  };
  const full = measure(20_000, 7);
  const tenth = measure(2_000, 15);
  const hundredth = measure(200, 31);
  // The megabyte of text costs the same at every size: it is taken off to see what the iterations cost.
  const text = measure(0, 31);
  const growth = (full - text) / 20_000 / ((tenth - text) / 2_000);
  const against = `1x (200): ${rounded(hundredth)} ms, 10x: ${rounded(tenth)} ms, 100x: ${rounded(full)} ms, text alone: ${rounded(text)} ms`;
  return [
    {
      name: 'render: 1 MB template with 20,000 iterations',
      value: rounded(full),
      unit: 'ms',
      limit: 300,
      against,
    },
    {
      name: 'render: cost of an iteration at 100x over its cost at 10x',
      value: rounded(growth),
      unit: 'ratio',
      limit: 2,
      against,
    },
  ];
}

export interface Difference {
  template: string;
  values: unknown;
  go: string;
  ours: string;
}

const textOf = (answer: OracleAnswer): string => ('output' in answer ? answer.output : 'an error');

function ownAnswer({ template, values }: RandomCase): string {
  try {
    return renderText(template, fromPlain(values), 'tpl', { functions: goFunctions, numbers: 'go' });
  } catch (error) {
    if (error instanceof RenderError) return 'an error';
    throw error;
  }
}

/** Renders random templates here and in Go; what differs is listed. */
export async function compareWithGo(oracle: string, count: number): Promise<Difference[]> {
  const cases = Array.from({ length: count }, (_, seed) => randomCase(seed));
  const answers = await askOracle(oracle, cases);
  return cases.flatMap((each, index) => {
    const answer = answers[index];
    const go = answer === undefined ? 'no answer' : textOf(answer);
    const ours = ownAnswer(each);
    return go === ours ? [] : [{ ...each, go, ours }];
  });
}

async function againstGo(): Promise<Measured[]> {
  const oracle = await installOracle();
  if (oracle === undefined) {
    return [
      {
        name: 'render: comparison with Go',
        value: 0,
        unit: 'skipped',
        limit: null,
        against: `${ORACLE_NAME}: no npm registry`,
      },
    ];
  }
  const differences = await compareWithGo(oracle, 1_000);
  for (const each of differences) process.stderr.write(`${JSON.stringify(each)}\n`);
  const large = largeCase(20_000);
  const ours = median(Array.from({ length: 5 }, () => timeToRender(large)));
  const answers = await askOracle(oracle, [large, large, large, large, large]);
  const go = median(answers.map((answer) => ('ms' in answer ? answer.ms : NaN)));
  return [
    {
      name: 'render: differences to Go in 1,000 random templates',
      value: differences.length,
      unit: 'templates',
      limit: 0,
      against: ORACLE_NAME,
    },
    {
      name: 'render: 1 MB template, time over Go as WebAssembly',
      value: Math.round((ours / go) * 100) / 100,
      unit: 'ratio',
      limit: null,
      against: `${ORACLE_NAME}: ${rounded(go)} ms, ours: ${rounded(ours)} ms`,
    },
  ];
}

/** Everything that is measured of the renderer, in one run. */
export async function renderBenchmarks(): Promise<Measured[]> {
  return [...(await startToEnd()), ...largeTemplate(), ...(await againstGo())];
}
