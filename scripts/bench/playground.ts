/**
 * What the playground's API server takes with 1,000 pods (objects on a
 * node without processes) and with 1,000 watchers.
 */
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { parse } from 'yaml';
import { waitFor } from '../shared/wait.ts';
import { residentMb } from './memory/resident.ts';
import type { Measured } from './measured.ts';
import { startPlaygroundProcess } from './switch/playground-process.ts';

const PODS = 1_000;
const WATCHERS = 1_000;
const LISTS = 200;
/** How many lists are under way at a time. */
const SIDE_BY_SIDE = 2;
const LIST_MS = 100;
const MEMORY_MB = 400;
const PODS_PATH = '/api/v1/namespaces/default/pods';
const NODE = 'fake';

interface Api {
  url: string;
  ca: string;
  token: string;
}

async function apiOf(kubeconfig: string): Promise<Api> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  return {
    url: cluster?.server ?? '',
    ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString(),
    token: config.users[0]?.user.token ?? '',
  };
}

const agent = new https.Agent({ keepAlive: true, maxSockets: 20 });

/** @returns the answer's size in bytes */
function ask(
  api: Api,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = https.request(api.url + path, {
      method,
      ca: api.ca,
      agent,
      headers: {
        authorization: `Bearer ${api.token}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
    });
    request.on('response', (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => (size += chunk.length));
      response.on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode < 300) resolve(size);
        else reject(new Error(`${method} ${path} answered ${statusCode}`));
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const pod = (index: number) => ({
  metadata: { name: `pod-${index}`, labels: { app: 'many' } },
  spec: {
    nodeName: NODE,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'app', image: 'none:1', ports: [{ containerPort: 8080 }] }],
  },
});

async function makePods(api: Api): Promise<void> {
  await ask(api, 'POST', '/api/v1/nodes', { metadata: { name: NODE } });
  await sideBySide(PODS, 20, (index) => ask(api, 'POST', PODS_PATH, pod(index)));
}

async function sideBySide(
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** The 99th percentile of many lists of all pods. */
async function listP99(api: Api): Promise<number> {
  const times: number[] = [];
  await sideBySide(LISTS, SIDE_BY_SIDE, async () => {
    const start = performance.now();
    await ask(api, 'GET', PODS_PATH);
    times.push(performance.now() - start);
  });
  times.sort((a, b) => a - b);
  return times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
}

interface Watchers {
  heard(): number;
  close(): void;
}

async function watch(api: Api): Promise<Watchers> {
  const watching = new https.Agent({ keepAlive: true, maxSockets: Infinity });
  const closers: (() => void)[] = [];
  let opened = 0;
  let heard = 0;
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = https.get(
        `${api.url}/api/v1/namespaces/default/configmaps?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
        { ca: api.ca, agent: watching, headers: { authorization: `Bearer ${api.token}` } },
        (response) => {
          response.on('data', (chunk: Buffer) => {
            if (chunk.includes('"heard-of"')) heard += 1;
          });
          response.on('error', () => undefined);
          opened += 1;
          resolve();
        },
      );
      closers.push(() => request.destroy());
      request.on('error', (error) => (opened === WATCHERS ? undefined : reject(error)));
    });
  await sideBySide(WATCHERS, 50, open);
  return {
    heard: () => heard,
    close: () => {
      closers.forEach((close) => close());
      watching.destroy();
    },
  };
}

export async function playgroundBenchmarks(): Promise<Measured[]> {
  const playground = await startPlaygroundProcess();
  try {
    const api = await apiOf(playground.kubeconfig);
    const small = await listP99(api);
    await makePods(api);
    const bytes = await ask(api, 'GET', PODS_PATH);
    const many = await listP99(api);
    const withPods = residentMb(playground.pid);
    const watchers = await watch(api);
    const watched = await listP99(api);
    const start = performance.now();
    await ask(api, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'heard-of' } });
    await waitFor(() => watchers.heard() >= WATCHERS, {
      deadlineMs: 30_000,
      what: 'every watcher to hear of it',
    });
    const told = performance.now() - start;
    const withWatchers = residentMb(playground.pid);
    watchers.close();
    const size = `${(bytes / 1e6).toFixed(1)} MB an answer, ${SIDE_BY_SIDE} at a time`;
    const empty = `an empty list takes ${small.toFixed(1)} ms`;
    return [
      measured('playground: list of 1,000 pods, p99', many, 'ms', LIST_MS, `${size}; ${empty}`),
      measured('playground: the same beside 1,000 watchers, p99', watched, 'ms', LIST_MS, size),
      measured(
        'playground: one change told to 1,000 watchers',
        told,
        'ms',
        null,
        'from the write to the last one',
      ),
      measured(
        'playground: memory with 1,000 pods',
        withPods,
        'MB',
        MEMORY_MB,
        'its own processes, resident',
      ),
      measured('playground: memory with 1,000 watchers too', withWatchers, 'MB', MEMORY_MB, 'the same'),
    ];
  } finally {
    agent.destroy();
    await playground.close();
  }
}

const measured = (
  name: string,
  value: number,
  unit: string,
  limit: number | null,
  against: string,
): Measured => ({
  name,
  value: Math.round(value * 10) / 10,
  unit,
  limit,
  against,
});
