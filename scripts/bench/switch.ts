/** What a switch takes beyond its new version's start, and what the proof of many proxies takes, against a fake mesh in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectCluster } from '../shared/cluster.ts';
import type { DestinationRule } from '../shared/kubernetes.ts';
import { resources } from '../shared/resources.ts';
import { createMesh, createProver, runSwitch, silentReporter } from '../switch/index.ts';
import type { Measured } from './measured.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const QUIET_MS = 1000;
const FAKE = 'a fake API server and mesh over real HTTP and WebSockets (no TLS, no pods, no traffic)';

export async function switchBenchmarks(): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const propagationMs of [50, 500, 5000]) results.push(await switchTime(propagationMs));
  const sizes: { proxies: number; ms: number; megabytes: number }[] = [];
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
      name: 'switch: memory that grew while 1,000 proxies were proven',
      value: Math.round(many?.megabytes ?? NaN),
      unit: 'MB',
      limit: 200,
      against: `10 proxies: ${Math.round(few?.megabytes ?? NaN)} MB; resident memory at its highest`,
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

/** The time per further proxy in the upper decade, over that in the lower. */
function growth([a, b, c]: { proxies: number; ms: number }[]): number {
  if (!a || !b || !c) return NaN;
  const upper = (c.ms - b.ms) / (c.proxies - b.proxies);
  const lower = Math.max(b.ms - a.ms, 1) / (b.proxies - a.proxies);
  return Math.round((upper / lower) * 100) / 100;
}

/** From "the new version is ready" to "nobody uses the old one": the proofs A, B and C. */
async function switchTime(propagationMs: number): Promise<Measured> {
  return withMesh(20, propagationMs, async (cluster) => {
    const clusterFile = path.join(root, 'istio/cluster.yaml');
    const result = await runSwitch(
      { cluster, app: 'coffee-shop', to: 'v2', clusterFile, quietMs: QUIET_MS },
      silentReporter,
    );
    if (!result.ok) throw new Error(`the switch did not succeed: ${result.error ?? result.message}`);
    const took = (names: string[]) =>
      result.steps
        .filter(({ name }) => names.includes(name))
        .reduce((sum, { durationMs }) => sum + durationMs, 0);
    const shifted = took(['add-subset', 'shift-traffic', 'drain-old']);
    const removed = took(['remove-subset', 'delete-old']);
    return {
      name: `switch: from "v2 ready" to "nobody uses v1", slowest of 20 proxies ${propagationMs} ms late`,
      value: shifted,
      unit: 'ms',
      // The looks themselves take time too, in each of three proofs; more on a busy machine.
      limit: 2 * propagationMs + QUIET_MS + 500,
      against: `2 x ${propagationMs} ms + ${QUIET_MS} ms of quiet = ${2 * propagationMs + QUIET_MS} ms; removing v1 after it took ${removed} ms; ${FAKE}`,
    };
  });
}

async function proofOf(proxies: number): Promise<{ ms: number; megabytes: number }> {
  return withMesh(proxies, 0, async (cluster) => {
    const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
    if (rule === undefined) throw new Error('the fake mesh has no DestinationRule');
    const mesh = createMesh(cluster);
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    const started = performance.now();
    try {
      const proof = await createProver(mesh).endpoints(
        {
          host: 'coffee-shop.default.svc.cluster.local',
          subset: 'v1',
          rule,
          pods: () => Promise.resolve({ addresses: new Set(['10.1.1.1', '10.1.1.2']), problem: undefined }),
        },
        { deadlineMs: 120_000 },
      );
      if (proof.proxies !== proxies) throw new Error(`${proof.proxies} of ${proxies} proxies proven`);
      return { ms: performance.now() - started, megabytes: (most - before) / 2 ** 20 };
    } finally {
      clearInterval(watch);
      mesh.close();
    }
  });
}

async function withMesh<T>(
  proxies: number,
  propagationMs: number,
  use: (cluster: Awaited<ReturnType<typeof connectCluster>>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'switch-bench-'));
  const program = path.join(root, 'scripts/bench/switch/fake-mesh-main.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', program, String(proxies), String(propagationMs)],
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
    await writeFile(file, kubeconfig);
    const cluster = await connectCluster({ kubeconfigs: [file] }, { fieldManager: 'bench' });
    try {
      return await use(cluster);
    } finally {
      await cluster.close();
    }
  } finally {
    child.stdin.end();
    await gone;
    await rm(folder, { recursive: true, force: true });
  }
}
