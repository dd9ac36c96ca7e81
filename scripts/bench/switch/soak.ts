/**
 * Switches back and forth on a playground while orders come in without a pause: how many of them are lost.
 */
import { fileURLToPath } from 'node:url';
import { startLoadProcess, summarize, type Account, type LoadProgress } from '../../load/index.ts';
import { parseObjects, renderSets } from '../../render/index.ts';
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import { formatDuration } from '../../shared/duration.ts';
import { waitFor } from '../../shared/wait.ts';
import { runSwitch, silentReporter, type Prover } from '../../switch/index.ts';
import type { Measured } from '../measured.ts';
import { startPlaygroundProcess, type PlaygroundProcess } from './playground-process.ts';

export interface SoakOptions {
  /** At least so many switches, and at least so many requests: the run ends when it has both. */
  switches: number;
  requests: number;
  /** The run ends here with what it has, in milliseconds. */
  longestMs: number;
  qps?: number;
  connections?: number;
  /** A line for a person, after each switch and at the end. */
  say: (line: string) => void;
}

const clusterFile = fileURLToPath(new URL('../../../istio/cluster.yaml', import.meta.url));
/** A busy machine may fall behind for a while; what is due then is sent later, and not called lost. */
const QUEUE_MS = 60_000;
/** Exits at SIGTERM: whatever is not lost, the proofs kept. */
const set = { pod: 'naive' };
const trusting = (): Prover => {
  const nothing = () => Promise.resolve({ proxies: 0 });
  return { endpoints: nothing, routes: nothing, quiet: nothing, gone: nothing };
};

interface Shop {
  playground: PlaygroundProcess;
  cluster: Cluster;
  url: string;
  qps: number;
  connections: number;
}

export async function soak(options: SoakOptions): Promise<Measured[]> {
  const { qps = 500, connections = 50, say } = options;
  const playground = await startPlaygroundProcess();
  try {
    const cluster = await connectCluster(
      { kubeconfigs: [playground.kubeconfig] },
      { fieldManager: 'zero-downtime-switch' },
    );
    try {
      const shop: Shop = { playground, cluster, url: `${playground.gatewayUrl}/orders`, qps, connections };
      await open(shop);
      const control = await withoutProofs(shop);
      say(
        `without any proof, one proxy told a second after it: ${control.lost} of ${control.sent} requests lost`,
      );
      return await backAndForth(shop, options, control);
    } finally {
      await cluster.close();
    }
  } finally {
    await playground.close();
  }
}

/** One version with a route to it, and the first coffee. */
async function open({ cluster, url }: Shop): Promise<void> {
  const sets = await renderSets(clusterFile, {
    include: ['base', 'version', 'subsets', 'route'],
    vars: { ...set, retries: '0' },
  });
  for (const object of parseObjects(sets)) await cluster.apply(object, { force: true });
  await waitFor(async () => (await fetch(url, { method: 'POST' }).catch(() => undefined))?.ok, {
    deadlineMs: 60_000,
    what: `an order at ${url}`,
  });
}

/** Whether this load can see a loss at all: the same switch, with nobody asking the proxies. */
async function withoutProofs(shop: Shop): Promise<Account> {
  const load = await startLoad(shop, 120_000, () => undefined);
  try {
    await load.started;
    await shop.playground.freeze('gateway');
    const { cluster } = shop;
    const told = { cluster, app: 'coffee-shop', to: 'v2', clusterFile, set, prover: trusting() };
    await runSwitch(told, silentReporter);
    await load.reaches(load.sent() + shop.qps);
    await shop.playground.thaw('gateway');
    await load.reaches(load.sent() + 4 * shop.qps);
    return await load.stop();
  } finally {
    await load.kill();
  }
}

async function backAndForth(shop: Shop, options: SoakOptions, control: Account): Promise<Measured[]> {
  const { switches, requests, longestMs, say } = options;
  const started = performance.now();
  const tookMs: number[] = [];
  /** When each step began, to say what was going on when something was lost. */
  const steps: { at: number; what: string }[] = [];
  const failures: string[] = [];
  let seen: LoadProgress | undefined;
  const load = await startLoad(shop, longestMs + 120_000, (progress) => (seen = progress));
  let account: Account;
  try {
    await load.reaches(shop.qps);
    let to = 'v1';
    while (tookMs.length < switches || load.sent() - (seen?.lost ?? 0) < requests) {
      if (performance.now() - started > longestMs || failures.length > 0) break;
      const name = `switch ${tookMs.length + 1} to ${to}`;
      const { cluster } = shop;
      const result = await runSwitch(
        { cluster, app: 'coffee-shop', to, clusterFile, set },
        {
          ...silentReporter,
          stepStarted: (_title, step) => void steps.push({ at: Date.now(), what: `${name}, ${step}` }),
        },
      );
      steps.push({ at: Date.now(), what: `after ${name}` });
      if (!result.ok) failures.push(`${name}: ${result.error ?? result.message}`);
      else tookMs.push(result.durationMs);
      say(
        `${name}: ${result.outcome} after ${formatDuration(result.durationMs)}; ${count(load.sent())} requests, ${seen?.lost ?? 0} lost, ${formatDuration(performance.now() - started)}`,
      );
      to = to === 'v1' ? 'v2' : 'v1';
    }
    await load.reaches(load.sent() + shop.qps);
    account = await load.stop();
  } finally {
    await load.kill();
  }
  for (const failure of failures) say(`did not succeed: ${failure}`);
  for (const line of whenLost(account, steps)) say(line);
  say(summarize(account));
  return measured({ account, control, tookMs, switches, requests });
}

function measured({
  account,
  control,
  tookMs,
  switches,
  requests,
}: {
  account: Account;
  control: Account;
  tookMs: number[];
  switches: number;
  requests: number;
}): Measured[] {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const rate = `${account.requestedQps} requests/s over ${account.connections} connections, retries off`;
  return [
    {
      name: `soak: requests lost in ${tookMs.length} switches back and forth`,
      value: account.lost - account.unsent,
      unit: 'requests',
      limit: 0,
      against: `${control.lost} of ${control.sent} in one switch without proofs, one proxy told a second after it; ${rate}`,
    },
    {
      name: 'soak: requests sent meanwhile',
      value: account.sent - account.unsent,
      unit: 'requests',
      limit: requests,
      bound: 'least',
      against: `${account.connectionsOpened} connections opened, ${account.connections} if each could be kept; longest time without a success ${Math.round(account.longestGapMs)} ms`,
    },
    {
      name: 'soak: requests that never left the client',
      value: account.unsent,
      unit: 'requests',
      // The machine, not the switch: but a run in which the load could
      // not be carried does not count as clean.
      limit: 0,
      against: `${account.late} had to wait for one of the ${account.connections} connections, at most ${QUEUE_MS / 1000} s`,
    },
    {
      name: 'soak: switches that succeeded',
      value: tookMs.length,
      unit: 'switches',
      limit: switches,
      bound: 'least',
      against: `pods deployed and removed each time: median ${formatDuration(median)}, longest ${formatDuration(sorted.at(-1) ?? NaN)}`,
    },
  ];
}

/** Each loss beside the step that was under way when it was sent. */
function whenLost({ losses = [], startedAt }: Account, steps: { at: number; what: string }[]): string[] {
  const start = Date.parse(startedAt);
  return losses.map(({ sentMs, endMs, kind, reason, version, pod }) => {
    const step = steps.findLast(({ at }) => at <= start + sentMs)?.what ?? 'before the first switch';
    const who = [version, pod].filter((part) => part !== undefined).join(' ');
    return `lost: ${kind} ${reason} ${who} after ${Math.round(endMs - sentMs)} ms, sent in ${step}`;
  });
}

interface Load {
  started: Promise<void>;
  sent(): number;
  reaches(requests: number): Promise<unknown>;
  stop(): Promise<Account>;
  kill(): Promise<void>;
}

async function startLoad(
  { url, qps, connections }: Shop,
  longestMs: number,
  onProgress: (progress: LoadProgress) => void,
): Promise<Load> {
  let sent = 0;
  const load = await startLoadProcess({
    url,
    qps,
    connections,
    method: 'POST',
    timeline: true,
    timeoutMs: QUEUE_MS,
    longestMs,
    onProgress(progress) {
      sent = progress.sent;
      onProgress(progress);
    },
  });
  return {
    started: load.started,
    sent: () => sent,
    reaches: (requests) =>
      waitFor(() => sent >= requests, { deadlineMs: 60_000, what: `${requests} requests to be sent` }),
    stop: () => load.stop(),
    kill: () => load.kill(),
  };
}

const count = (value: number) => value.toLocaleString('en-US');
