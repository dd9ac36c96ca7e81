import { fileURLToPath } from 'node:url';
import { startLoadProcess } from '../../load/index.ts';
import { parseObjects, renderSets } from '../../render/index.ts';
import { connectCluster } from '../../shared/cluster/cluster.ts';
import { waitFor } from '../../shared/wait.ts';
import type { Measured } from '../measured.ts';
import { startPlaygroundProcess } from '../switch/playground-process.ts';
import { isOwn, ownMb, partsOf } from './resident.ts';
import { trendsOf, type Sample, type Trend } from './series.ts';

export interface UnderLoadOptions {
  loadMs: number;
  /** A line for a person. */
  say: (line: string) => void;
}

const QPS = 500;
const SAMPLE_MS = 5_000;
/** What the playground's own processes may hold at most, in MB: as with 1,000 pods. */
const MOST_MB = 400;
/**
 * What an hour may add at most to any part, in MB: more than a
 * garbage-collected heap wavers by, less than any leak per request or probe.
 */
const MOST_MB_PER_HOUR = 40;
/** A slope over minutes says little: it is judged over a good part of an hour. */
const JUDGED_MS = 15 * 60_000;

const clusterFile = fileURLToPath(new URL('../../../istio/cluster.yaml', import.meta.url));

/**
 * A fresh playground with the coffee-shop under 500 orders per second:
 * what each of its processes holds, and whether that grows.
 */
export async function memoryUnderLoad({ loadMs, say }: UnderLoadOptions): Promise<Measured[]> {
  const playground = await startPlaygroundProcess();
  try {
    const url = `${playground.gatewayUrl}/orders`;
    await openShop(playground.kubeconfig, url);
    const load = await startLoadProcess({
      url,
      qps: QPS,
      connections: 50,
      method: 'POST',
      longestMs: loadMs + 60_000,
    });
    const samples: Sample[] = [];
    try {
      await load.started;
      const started = performance.now();
      let nextMs = 0;
      await waitFor(
        () => {
          const atMs = performance.now() - started;
          const parts = partsOf(playground.pid);
          samples.push({ atMs, parts });
          if (atMs >= nextMs) say(lineOf(atMs, parts));
          while (atMs >= nextMs) nextMs += Math.max(30_000, loadMs / 30);
          return atMs >= loadMs;
        },
        { deadlineMs: loadMs + 30_000, intervalMs: SAMPLE_MS, what: 'the load to have run' },
      );
      const { ok, sent, lost, qps } = await load.stop();
      say(`${sent} requests sent, ${lost} lost, ${Math.round(qps)} per second`);
      return [...account(samples, loadMs), answered(ok, lost, loadMs)];
    } finally {
      await load.kill();
    }
  } finally {
    await playground.close();
  }
}

async function openShop(kubeconfig: string, url: string): Promise<void> {
  const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'bench' });
  try {
    const sets = await renderSets(clusterFile, { include: ['base', 'version', 'subsets', 'route'] });
    for (const object of parseObjects(sets)) await cluster.apply(object, { force: true });
    await waitFor(async () => (await fetch(url, { method: 'POST' }).catch(() => undefined))?.ok, {
      deadlineMs: 60_000,
      what: `an order at ${url}`,
    });
  } finally {
    await cluster.close();
  }
}

function lineOf(atMs: number, parts: Sample['parts']): string {
  const each = parts.map(({ name, mb }) => `${name} ${Math.round(mb)}`).join(', ');
  return `${(atMs / 60_000).toFixed(1)} min: ${Math.round(ownMb(parts))} MB of its own; ${each}`;
}

/** The verdict on a run: the most it held, and the trend of each part over the second half. */
export function account(samples: readonly Sample[], loadMs: number): Measured[] {
  const trends = trendsOf(samples);
  const ownAt = samples.map(({ parts }) => ownMb(parts));
  const limit = loadMs / 2 >= JUDGED_MS ? MOST_MB_PER_HOUR : null;
  return [
    {
      name: `memory: the playground's own processes at ${QPS}/s for ${Math.round(loadMs / 60_000)} min, at most`,
      value: Math.round(Math.max(...ownAt)),
      unit: 'MB',
      limit: MOST_MB,
      against: `${Math.round(ownAt[0] ?? 0)} MB at the start`,
    },
    ...trends.filter(({ stayed }) => stayed).map((trend) => growth(trend, limit)),
    {
      name: 'memory: parts that came or went in the second half',
      // What a kubelet starts for a moment (a probe by command) is not a part.
      value: trends.filter(({ name, stayed }) => !stayed && (isOwn(name) || name.startsWith('pod '))).length,
      unit: 'parts',
      limit: 0,
      against: `${trends.length} seen: one that is started again begins with nothing, and hides what it had grown by`,
    },
  ];
}

const growth = ({ name, fromMb, toMb, mostMb, mbPerHour }: Trend, limit: number | null): Measured => ({
  name: `memory: trend of ${name} over the second half`,
  value: Math.round(mbPerHour * 10) / 10,
  unit: 'MB/h',
  limit,
  against: `${Math.round(fromMb)} MB at its beginning, ${Math.round(toMb)} at its end, ${Math.round(mostMb)} at most`,
});

/** Whether that load was there at all. */
const answered = (ok: number, lost: number, loadMs: number): Measured => ({
  name: 'memory: orders answered meanwhile',
  value: ok,
  unit: 'orders',
  limit: Math.floor((QPS * loadMs) / 1_000) * 0.99,
  bound: 'least',
  against: `${QPS}/s for that time; ${lost} lost`,
});
