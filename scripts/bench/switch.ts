/**
 * What a switch takes beyond its new version's start, and what the proof
 * of many proxies takes, against a fake mesh in a process of its own.
 */
import { execFile, spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundle } from '../shared/bundle.ts';
import { connectCluster } from '../shared/cluster/cluster.ts';
import { loadTypeScript } from '../shared/load-typescript.ts';
import { makeTempFolder } from '../shared/own-folder.ts';
import { runSwitch, silentReporter } from '../switch/index.ts';
import type { Measured } from './measured.ts';
import type { FakeMeshOptions } from './switch/fake-mesh.ts';
import type { ProofTook } from './switch/proof-main.ts';
import type { SwitchTook } from './switch/scale-main.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const QUIET_MS = 1000;
/** The looks themselves take time too, in each of three proofs; more on a busy machine. */
const LOOKS_MS = 500;
/** Longer than the quiet: what is under way is then what a switch waits for. */
const IN_FLIGHT_MS = 3000;
/** As where each proxy knows a thousand services or two. */
const DUMP_BYTES = 1_000_000;
const FAKE = 'a fake API server and mesh over real HTTP and WebSockets (no TLS, no pods, no traffic)';

export async function switchBenchmarks(): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const propagationMs of [50, 500, 5000]) results.push(await switchTime(propagationMs));
  results.push(await switchTime(500, IN_FLIGHT_MS));
  const sizes: ({ proxies: number } & ProofTook)[] = [];
  for (const proxies of [10, 100, 1000]) sizes.push({ proxies, ...(await proofOf(proxies)) });
  const [few, , many] = sizes;
  const table = sizes.map(({ proxies, ms }) => `${proxies}: ${Math.round(ms)} ms`).join(', ');
  results.push(
    {
      name: 'switch: 1,000 proxies proven (one proof)',
      value: Math.round(many?.ms ?? NaN),
      unit: 'ms',
      limit: 10_000,
      against: `${table}; ${FAKE}`,
    },
    {
      name: 'switch: memory of the process that proved 1,000 proxies',
      value: Math.round(many?.resident ?? NaN),
      unit: 'MB',
      limit: 200,
      against: `${Math.round(many?.grew ?? NaN)} MB of it came with the proofs; 10 proxies: ${Math.round(few?.resident ?? NaN)} MB and ${Math.round(few?.grew ?? NaN)} MB; resident memory at its highest`,
    },
    {
      name: 'switch: a proxy more, from 100 to 1,000 against from 10 to 100',
      value: growth(sizes),
      unit: 'times',
      limit: 2,
      against: `1 is linear; ${table}`,
    },
  );
  return results;
}

/** Whole switches of larger and larger meshes, each proxy with dumps of 1 MB. */
export async function scaleBenchmarks(): Promise<Measured[]> {
  const sizes: SwitchTook[] = [];
  for (const proxies of [10, 100, 1000, 5000]) sizes.push(await switchOf(proxies));
  const table = sizes
    .map(({ proxies, ms, cpuMs, resident }) => {
      const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
      return `${proxies} proxies: ${seconds(ms)} (${seconds(cpuMs)} on a processor), ${Math.round(resident)} MB`;
    })
    .join('; ');
  const largest = sizes.at(-1);
  const steps = Object.entries(largest?.steps ?? {}).map(([name, ms]) => `${name} ${ms} ms`);
  return [
    {
      name: 'switch: all claims of one switch, 5,000 proxies with dumps of 1 MB',
      value: Math.round(largest?.ms ?? NaN),
      unit: 'ms',
      limit: 40_000,
      against: `${table}; of the 5,000: ${steps.join(', ')}; ${FAKE}`,
    },
    {
      name: 'switch: memory of the process that switched 5,000 proxies',
      value: Math.round(largest?.resident ?? NaN),
      unit: 'MB',
      limit: 512,
      against: `resident memory at its highest; ${table}`,
    },
    {
      name: 'switch: a proxy more, from 1,000 to 5,000 against from 100 to 1,000',
      value: growth(sizes.slice(1)),
      unit: 'times',
      limit: 1.3,
      against: `1 is linear; ${table}`,
    },
  ];
}

/** The time per further proxy in the upper decade, over that in the lower. */
function growth([a, b, c]: { proxies: number; ms: number }[]): number {
  if (!a || !b || !c) return NaN;
  const upper = (c.ms - b.ms) / (c.proxies - b.proxies);
  const lower = Math.max(b.ms - a.ms, 1) / (b.proxies - a.proxies);
  return Math.round((upper / lower) * 100) / 100;
}

/** From "the new version is ready" to "nobody uses the old one": the proofs A, B and C. */
async function switchTime(propagationMs: number, inFlightMs = 0): Promise<Measured> {
  return withMesh({ proxies: 20, propagationMs, inFlightMs }, async (kubeconfig) => {
    const clusterFile = path.join(root, 'istio/cluster.yaml');
    const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'bench' });
    const result = await runSwitch(
      { cluster, app: 'coffee-shop', to: 'v2', clusterFile, quietMs: QUIET_MS },
      silentReporter,
    ).finally(() => cluster.close());
    if (!result.ok) throw new Error(`the switch did not succeed: ${result.error ?? result.message}`);
    const took = (names: string[]) =>
      result.steps
        .filter(({ name }) => names.includes(name))
        .reduce((sum, { durationMs }) => sum + durationMs, 0);
    const shifted = took(['add-subset', 'shift-traffic', 'drain-old']);
    const removed = took(['remove-subset', 'delete-old']);
    const bound = 2 * propagationMs + inFlightMs + QUIET_MS;
    const parts = [
      `2 x ${propagationMs} ms`,
      ...(inFlightMs === 0 ? [] : [`${inFlightMs} ms of a request under way`]),
      `${QUIET_MS} ms of quiet`,
    ];
    const kept = shifted <= bound ? 'kept' : `exceeded by ${shifted - bound} ms for the looks`;
    return {
      name: `switch: from "v2 ready" to "nobody uses v1", slowest of 20 proxies ${propagationMs} ms late${inFlightMs === 0 ? '' : `, a request of ${inFlightMs} ms under way`}`,
      value: shifted,
      unit: 'ms',
      limit: bound + LOOKS_MS,
      against: `${parts.join(' + ')} = ${bound} ms, ${kept}; removing v1 after it took ${removed} ms; ${FAKE}`,
    };
  });
}

/**
 * As one file without its types, as the image holds it: what compiles them takes more memory than the proof.
 */
async function proofOf(proxies: number): Promise<ProofTook> {
  return withMesh({ proxies, propagationMs: 0 }, async (kubeconfig) => {
    const program = path.join(path.dirname(kubeconfig), 'proof.mjs');
    await bundle(path.join(root, 'scripts/bench/switch/proof-main.ts'), program);
    const { stdout } = await promisify(execFile)(process.execPath, [program, kubeconfig, String(proxies)]);
    return JSON.parse(stdout) as ProofTook;
  });
}

async function switchOf(proxies: number): Promise<SwitchTook> {
  return withMesh({ proxies, propagationMs: 0, dumpBytes: DUMP_BYTES }, async (kubeconfig) => {
    const program = path.join(path.dirname(kubeconfig), 'scale.mjs');
    await bundle(path.join(root, 'scripts/bench/switch/scale-main.ts'), program);
    const clusterFile = path.join(root, 'istio/cluster.yaml');
    const { stdout } = await promisify(execFile)(process.execPath, [program, kubeconfig, clusterFile]);
    return JSON.parse(stdout) as SwitchTook;
  });
}

async function withMesh<T>(
  { proxies, propagationMs, inFlightMs = 0, dumpBytes = 0 }: FakeMeshOptions,
  use: (kubeconfig: string) => Promise<T>,
): Promise<T> {
  const folder = makeTempFolder('switch-bench-');
  const program = path.join(root, 'scripts/bench/switch/fake-mesh-main.ts');
  const child = spawn(
    process.execPath,
    [...loadTypeScript, program, ...[proxies, propagationMs, inFlightMs, dumpBytes].map(String)],
    {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('\n')) resolve(text);
      });
      child.once('close', () => reject(new Error('the fake mesh did not start')));
    });
    const file = path.join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig, { mode: 0o600 });
    return await use(file);
  } finally {
    child.stdin.end();
    await gone;
    await rm(folder, { recursive: true, force: true });
  }
}
