import { connectCluster, type Cluster } from '../shared/cluster.ts';
import { resources } from '../shared/resources.ts';
import { waitFor } from '../shared/wait.ts';
import type { Deployment } from '../shared/kubernetes.ts';
import { startLoadProcess } from '../load/index.ts';
import { parseObjects, renderSets } from '../render/index.ts';
import { fileURLToPath } from 'node:url';
import type { Measured } from './measured.ts';
import { growthPerHour, residentMb, type Sample } from './memory/resident.ts';
import { startPlaygroundProcess, type PlaygroundProcess } from './switch/playground-process.ts';

const sizes = {
  quick: { rollouts: 100, loadMs: 120_000 },
  /** As the playground promises: 1,000 rollouts, and an hour of 500 requests per second. */
  full: { rollouts: 1_000, loadMs: 3_600_000 },
};
/** Rollouts side by side, each of a Deployment of its own. */
const LANES = 10;
const QPS = 500;
const SAMPLE_MS = 5_000;
/** What it may hold at most, in MB: as with 1,000 pods. */
const MOST_MB = 400;
/** What an hour may add at most, in MB: less than the noise of a garbage-collected heap over a night. */
const MOST_MB_PER_HOUR = 40;

const clusterFile = fileURLToPath(new URL('../../istio/cluster.yaml', import.meta.url));

/** Whether a playground's memory stays bounded: over many rollouts, then under load. On Linux, where /proc tells. */
export async function memoryBenchmarks({
  full,
  minutes,
}: {
  full: boolean;
  /** Of load, instead of the size's own. */
  minutes?: number;
}): Promise<Measured[]> {
  const { rollouts, loadMs } = full ? sizes.full : sizes.quick;
  const playground = await startPlaygroundProcess();
  const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
  try {
    const cluster = await connectCluster({ kubeconfigs: [playground.kubeconfig] }, { fieldManager: 'bench' });
    try {
      return [
        ...(await overRollouts(playground, cluster, rollouts, say)),
        ...(await underLoad(playground, cluster, minutes === undefined ? loadMs : minutes * 60_000, say)),
      ];
    } finally {
      await cluster.close();
    }
  } finally {
    await playground.close();
  }
}

async function overRollouts(
  playground: PlaygroundProcess,
  cluster: Cluster,
  rollouts: number,
  say: (line: string) => void,
): Promise<Measured[]> {
  const before = residentMb(playground.pid);
  const marks: number[] = [];
  let done = 0;
  const lane = async (index: number): Promise<void> => {
    const name = `quiet-${index}`;
    await cluster.apply(quiet(name, 0));
    for (;;) {
      await rolledOut(cluster, name);
      if (done >= rollouts) return;
      done += 1;
      if (done % Math.max(1, rollouts / 10) === 0) {
        marks.push(residentMb(playground.pid));
        say(`${done} rollouts: ${Math.round(marks.at(-1) ?? 0)} MB`);
      }
      await cluster.apply(quiet(name, done));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
  for (let index = 0; index < LANES; index += 1)
    await cluster.delete(resources.deployments, `quiet-${index}`);
  const half = marks[Math.floor(marks.length / 2)] ?? before;
  return [
    measured(
      `memory after ${rollouts} rollouts`,
      marks.at(-1) ?? before,
      `${Math.round(before)} MB before`,
      MOST_MB,
    ),
    measured(
      `memory added by the second half of them`,
      (marks.at(-1) ?? before) - half,
      `${Math.round(half)} MB after the first half`,
      MOST_MB / 4,
    ),
  ];
}

/** A pod that does nothing, quickly replaced. */
function quiet(name: string, revision: number): Deployment & { apiVersion: string; kind: string } {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { revision: String(revision) } },
        spec: { containers: [{ name: 'quiet', image: 'quiet', command: ['sleep', '86400'] }] },
      },
    },
  };
}

async function rolledOut(cluster: Cluster, name: string): Promise<void> {
  await waitFor(
    async () => {
      const found = await cluster.get<Deployment>(resources.deployments, name);
      const { observedGeneration, updatedReplicas, availableReplicas, replicas } = found?.status ?? {};
      return (
        observedGeneration === found?.metadata.generation &&
        [updatedReplicas, availableReplicas, replicas].every((count) => count === 1)
      );
    },
    { deadlineMs: 60_000, what: `${name} to be rolled out` },
  );
}

async function underLoad(
  playground: PlaygroundProcess,
  cluster: Cluster,
  loadMs: number,
  say: (line: string) => void,
): Promise<Measured[]> {
  const sets = await renderSets(clusterFile, { include: ['base', 'version', 'subsets', 'route'] });
  for (const object of parseObjects(sets)) await cluster.apply(object, { force: true });
  const url = `${playground.gatewayUrl}/orders`;
  await waitFor(async () => (await fetch(url, { method: 'POST' }).catch(() => undefined))?.ok, {
    deadlineMs: 60_000,
    what: `an order at ${url}`,
  });
  const load = await startLoadProcess({
    url,
    qps: QPS,
    connections: 50,
    method: 'POST',
    longestMs: loadMs + 60_000,
  });
  const samples: Sample[] = [];
  const started = performance.now();
  try {
    await load.started;
    let next = 0;
    await waitFor(
      () => {
        const atMs = performance.now() - started;
        samples.push({ atMs, mb: residentMb(playground.pid) });
        if (atMs >= next) say(`${Math.round(atMs / 60_000)} min: ${Math.round(samples.at(-1)?.mb ?? 0)} MB`);
        while (atMs >= next) next += Math.max(30_000, loadMs / 20);
        return atMs >= loadMs;
      },
      { deadlineMs: loadMs + 30_000, intervalMs: SAMPLE_MS, what: 'the load to have run' },
    );
    const { sent, lost } = await load.stop();
    say(`${sent} requests sent, ${lost} lost`);
  } finally {
    await load.kill();
  }
  // The first third fills pools, caches and the young heap.
  const settled = samples.filter(({ atMs }) => atMs >= loadMs / 3);
  const most = Math.max(...samples.map(({ mb }) => mb));
  const minutes = Math.round(loadMs / 60_000);
  return [
    measured(
      `most memory in ${minutes} min at ${QPS}/s`,
      most,
      `${Math.round(samples[0]?.mb ?? 0)} MB at the start`,
      MOST_MB,
    ),
    {
      // A slope over minutes says little: it is judged over a good part of an hour.
      ...measured(
        `memory added per hour at ${QPS}/s`,
        growthPerHour(settled),
        `the last ${Math.round((minutes * 2) / 3)} min`,
        minutes >= 15 ? MOST_MB_PER_HOUR : null,
      ),
      unit: 'MB/h',
    },
  ];
}

function measured(name: string, value: number, against: string, limit: number | null): Measured {
  return { name, value: Math.round(value), unit: 'MB', limit, against };
}
