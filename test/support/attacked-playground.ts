/**
 * `npm run playground` as a process, to be thrown raw requests at, and
 * asked afterwards whether all of it still works.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectCluster, type Cluster } from '../../scripts/shared/cluster/cluster.ts';
import type { Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { root } from './root.ts';
import { listeningPorts, processTree, type ListeningPort } from './listening-ports.ts';
import { loadTypeScript } from '../../scripts/shared/load-typescript.ts';

export interface AttackedPlayground {
  /** What it opened, asked of the system. */
  ports(): ListeningPort[];
  processes(): number[];
  /** The addresses it has told, by what they are. */
  urls: { api: string; gateway: string; service: string; live?: string };
  stderr(): string;
  /** Runs another of our commands; gives its exit code and what it said. */
  command(args: string[]): Promise<string>;
  kubeconfig: string;
  /** Waits until the pod is ready again after the end of a container's process. */
  restarted(pod: string): Promise<void>;
  /** Uses each of its functions once and gives what each answered. */
  useAll(): Promise<Record<string, unknown>>;
  /** SIGKILL. */
  kill(): void;
  close(): Promise<void>;
}

export async function startAttackedPlayground(
  flags: string[] = [],
  env: Record<string, string> = {},
): Promise<AttackedPlayground> {
  const folder = mkdtempSync(path.join(tmpdir(), 'attacked-playground-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  const run = (args: string[]) =>
    spawn(process.execPath, [...loadTypeScript, ...args], {
      cwd: root,
      env: { ...process.env, ...env, XDG_RUNTIME_DIR: folder, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const child = run(['scripts/playground/main.ts', '--json', '--kubeconfig', kubeconfig, ...flags]);
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const close = async (): Promise<void> => {
    child.kill('SIGINT');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  let stdout = '';
  for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    stdout += text;
    if (stdout.includes('\n')) break;
  }
  if (!stdout.includes('\n')) {
    await close();
    throw new Error(`The playground did not start: ${stderr}`);
  }
  const told = JSON.parse(stdout) as { gatewayUrl: string; serviceUrl: string; liveUrl?: string };
  const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'test' });
  const pid = child.pid ?? 0;
  const command = async (args: string[]): Promise<string> => {
    const one = run(args);
    let text = '';
    for (const stream of [one.stdout, one.stderr])
      stream.setEncoding('utf8').on('data', (more: string) => (text += more));
    const [code] = (await once(one, 'close')) as [number | null];
    return `${String(code)} ${text}`;
  };
  return {
    ports: () => listeningPorts(pid),
    processes: () => processTree(pid),
    urls: {
      api: cluster.server,
      gateway: told.gatewayUrl,
      service: told.serviceUrl,
      ...(told.liveUrl && { live: told.liveUrl }),
    },
    stderr: () => stderr,
    ...{ command, kubeconfig },
    kill: () => void child.kill('SIGKILL'),
    async restarted(name) {
      let seen: Pod['status'];
      await waitFor(
        async () => {
          seen = (await cluster.get<Pod>(resources.pods, name))?.status;
          const containers = seen?.containerStatuses ?? [];
          return (
            containers.some((one) => (one.restartCount ?? 0) > 0) && containers.every((one) => one.ready)
          );
        },
        {
          deadlineMs: 30_000,
          what: `${name} to be ready after a restart`,
          lastSeen: () => JSON.stringify(seen),
        },
      );
    },
    async useAll() {
      const control = async (...action: string[]) =>
        (await command(['scripts/playground/main.ts', 'ctl', ...action, `pid=${pid}`])).slice(0, 4);
      return {
        ...(await useApi(cluster)),
        order: await order(`${told.gatewayUrl}/orders`),
        coffee: (await fetch(`${told.serviceUrl}/coffee`)).status,
        proxies: await control('proxies'),
        freeze: await control('freeze', 'proxy=gateway', 'for=1ms'),
        thaw: await control('thaw', 'proxy=gateway'),
      };
    },
    async close() {
      await cluster.close();
      await close();
    },
  };
}

/** The status of one order, and what was said of it where that is an error. */
async function order(url: string): Promise<number | string> {
  const response = await fetch(url, { method: 'POST' });
  const text = await response.text();
  return response.ok ? response.status : `${response.status} ${text}`;
}

/** What everybody of the playground answers when nothing is wrong. */
export const ALL_WELL = {
  ...{ version: 'v1.', pods: true, written: 'b', watched: 'ADDED' },
  ...{ istiod: 200, gatewayAdmin: 200, order: 200, coffee: 200 },
  ...{ proxies: '0 [{', freeze: '0 {"', thaw: '0 {"' },
};

async function useApi(cluster: Cluster): Promise<Record<string, unknown>> {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'after', namespace: 'default' } };
  await cluster.create({ ...map, data: { a: 'a' } } as typeof map);
  const resource = await cluster.resourceOf(map);
  const written = await cluster.patch<typeof map & { data?: Record<string, string> }>(resource, 'after', {
    data: { a: 'b' },
  });
  const signal = new AbortController();
  let watched: string | undefined;
  for await (const { type } of cluster.watch(resource, { signal: signal.signal })) {
    watched = type;
    break;
  }
  signal.abort();
  await cluster.delete(resource, 'after');
  const system = await cluster.list(resources.pods, { namespace: 'istio-system' });
  const named = (part: string) =>
    system.find(({ metadata }) => metadata.name.includes(part))?.metadata.name ?? '';
  const ask = async (pod: string, port: number, target: string): Promise<number> => {
    const forward = cluster.forward('istio-system', named(pod), port);
    try {
      return (await forward.request(target)).status;
    } finally {
      forward.close();
    }
  };
  return {
    version: (await cluster.version()).gitVersion.slice(0, 3),
    pods: (await cluster.list(resources.pods)).length > 0,
    written: written.data?.['a'],
    watched,
    istiod: await ask('istiod', 15014, '/debug/syncz'),
    gatewayAdmin: await ask('ingressgateway', 15000, '/clusters'),
  };
}
