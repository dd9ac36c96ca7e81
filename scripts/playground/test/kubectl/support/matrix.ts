import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPlayground, type Playground } from '../../../index.ts';
import { CASES, type Case } from './cases.ts';
import { maskOutput } from './mask.ts';
import { runTool, type Ran } from '../../../../../test/support/tools/run-tool.ts';
import type { Tools } from '../../../../../test/support/tools/tools.ts';

const APP = fileURLToPath(new URL('./app.mjs', import.meta.url));

export interface Verdict {
  title: string;
  command: string;
  /** Where the wanted output is from. */
  source: 'recorded' | 'known form';
  wanted: Ran;
  got: Ran;
  isSame: boolean;
}

interface Recorded {
  title: string;
  rc: number;
  stdout: string;
  stderr: string;
}

const file = new URL('../../fixtures/kubernetes/kubectl-outputs.json', import.meta.url);
const RECORDED = new Map(
  (JSON.parse(readFileSync(file, 'utf8')) as Recorded[]).map((one) => [one.title, one]),
);

/** A playground for kubectl, and how to run kubectl on it. */
export class Bench {
  readonly playground: Playground;
  private readonly tools: Tools;
  private readonly home: string;

  private constructor(playground: Playground, tools: Tools, home: string) {
    this.playground = playground;
    this.tools = tools;
    this.home = home;
  }

  static async start(tools: Tools): Promise<Bench> {
    const home = mkdtempSync(path.join(tmpdir(), 'kubectl-matrix-'));
    const playground = await startPlayground({ mesh: 'none', kubeconfigFile: path.join(home, 'kubeconfig') });
    playground.registerImage('app', ['node', APP]);
    return new Bench(playground, tools, home);
  }

  get env(): Record<string, string> {
    return { HOME: this.home, KUBECONFIG: this.playground.kubeconfig, PATH: process.env['PATH'] ?? '' };
  }

  kubectl(
    args: string[],
    more: Omit<Parameters<typeof runTool>[2], 'env'> & { env?: Record<string, string> } = {},
  ): Promise<Ran> {
    return runTool(this.tools.kubectl, args, { ...more, env: { ...this.env, ...more.env } });
  }

  helm(args: string[]): Promise<Ran> {
    return runTool(this.tools.helm, args, { env: this.env });
  }

  get folder(): string {
    return this.home;
  }

  async close(): Promise<void> {
    await this.playground.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A cluster is given this long to come to the state a read describes. */
const SETTLED_AFTER_MS = 10_000;
const READS = new Set(['describe', 'events', 'get', 'logs']);

/** Runs the cases one after the other, all of them or up to the one with that title. */
export async function runMatrix(bench: Bench, { upTo }: { upTo?: string } = {}): Promise<Verdict[]> {
  const node = (await bench.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'])).stdout;
  const verdicts: Verdict[] = [];
  for (const one of CASES) {
    const started = Date.now();
    const isRead = READS.has(one.args[0] ?? '') && one.until === undefined;
    for (;;) {
      const verdict = judge(one, await run(bench, one, node), node);
      if (one.isScene === true) break;
      if (verdict.isSame || !isRead || Date.now() - started > SETTLED_AFTER_MS) {
        verdicts.push(verdict);
        break;
      }
    }
    if (one.title === upTo) break;
  }
  return verdicts;
}

async function run(bench: Bench, { args, input, env, until }: Case, node: string): Promise<Ran> {
  return await bench.kubectl(await named(bench, args, node), {
    ...(input === undefined ? {} : { input }),
    ...(env === undefined ? {} : { env }),
    ...(until === undefined ? {} : { until }),
  });
}

/** Puts this run's names into the words of a command. */
async function named(bench: Bench, args: string[], node: string): Promise<string[]> {
  if (!args.some((word) => word === 'POD' || word === 'NODE')) return args;
  const select = ['get', 'pods', '-n', 'kx', '-l', 'app=web', '--field-selector', 'status.phase=Running'];
  const { stdout } = args.includes('POD')
    ? await bench.kubectl([...select, '-o', 'jsonpath={.items[0].metadata.name}'])
    : { stdout: '' };
  return args.map((word) => (word === 'POD' ? stdout : word === 'NODE' ? node : word));
}

/** The recording kept no more of an output than this. */
const CUT_STDOUT = 850;
const CUT_STDERR = 600;

/** A wanted text that was cut, or that ends in an ellipsis, says how the real one begins. */
function isAlike(got: string, wanted: string, isCut: boolean): boolean {
  return isCut || wanted.endsWith('…') ? got.startsWith(wanted.replace(/…$/, '')) : got === wanted;
}

function judge({ title, args, recorded, known, until }: Case, ran: Ran, node: string): Verdict {
  const mask = (text: string) => maskOutput(text.replaceAll(node, '<node>').replaceAll('node1', '<node>'));
  const got = { stdout: mask(ran.stdout), stderr: mask(ran.stderr), exit: ran.exit };
  const real = recorded === undefined ? undefined : RECORDED.get(recorded);
  const wanted =
    real === undefined
      ? { stdout: '', stderr: '', exit: 0, ...known }
      : { stdout: mask(real.stdout), stderr: mask(real.stderr), exit: real.rc };
  return {
    title,
    command: `kubectl ${args.map((word) => (/[\s{}|*$<>=]/.test(word) && !word.startsWith('-') ? `'${word}'` : word)).join(' ')}`,
    source: real === undefined ? 'known form' : 'recorded',
    wanted,
    got,
    isSame:
      isAlike(got.stdout, wanted.stdout, (real?.stdout.length ?? 0) >= CUT_STDOUT) &&
      isAlike(got.stderr, wanted.stderr, (real?.stderr.length ?? 0) >= CUT_STDERR) &&
      (until !== undefined || wanted.exit === got.exit),
  };
}
