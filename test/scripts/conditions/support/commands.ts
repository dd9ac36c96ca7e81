/** The rows of the table: every npm command, in the forms that write their result, change a cluster, or stay. */
import { createServer } from 'node:http';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startFakeMesh } from '../../../../scripts/bench/switch/fake-mesh.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { freePort } from '../../../support/free-port.ts';
import type { ConditionName } from './conditions.ts';
import type { Ended, Running } from './run-cell.ts';

export interface Expected {
  code: number;
  /** What stderr says. */
  says?: RegExp;
}

/** What a command finds around it, made anew for each cell. */
export interface Surroundings {
  env: Record<string, string>;
  /** Fails when the command did not do what it is for. */
  verify?: (ended: Ended) => Promise<void>;
  close: () => void;
}

export interface Command {
  /** The name in package.json. */
  script: string;
  /** Arguments, for a POSIX shell. */
  args: string;
  /** The exit code where nothing keeps it from its work. Default 0. */
  code?: number;
  /** The result on stdout; none: it has nothing to say there. */
  result?: RegExp;
  /** What it says on stderr, where that can be read. */
  says?: RegExp;
  around?: () => Promise<Surroundings>;
  /** It stays: resolves when it may be told to end. */
  untilReady?: (running: Running) => Promise<void>;
  signal?: NodeJS.Signals;
  /** What is different under a condition. */
  but?: Partial<Record<ConditionName, Expected>>;
}

/** A mesh of two proxies with v1 of the coffee-shop, in memory. */
async function withCluster(after?: string[]): Promise<Surroundings> {
  const mesh = await startFakeMesh({ proxies: 2, propagationMs: 20 });
  const folder = mkdtempSync(path.join(tmpdir(), 'conditions-cluster-'));
  chmodSync(folder, 0o755);
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, mesh.kubeconfig);
  const { clusters } = JSON.parse(mesh.kubeconfig) as { clusters: { cluster: { server: string } }[] };
  const server = clusters[0]?.cluster.server ?? '';
  const list = async (what: string): Promise<{ metadata: { name: string }; spec: unknown }[]> => {
    const response = await fetch(`${server}/apis/apps/v1/namespaces/default/${what}`);
    return ((await response.json()) as { items: { metadata: { name: string }; spec: unknown }[] }).items;
  };
  return {
    env: { CLUSTER: kubeconfig },
    async verify() {
      if (after === undefined) return;
      expectSame(
        (await list('deployments')).map(({ metadata }) => metadata.name),
        after,
        'Deployments',
      );
      // A switch that is over, however it was heard, holds nothing.
      for (const { spec } of await list('leases'))
        expectSame((spec as { holderIdentity?: string }).holderIdentity || 'nobody', 'nobody', 'holder');
    },
    close() {
      mesh.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function expectSame(seen: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(seen) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
}

async function withKubectl(): Promise<Surroundings> {
  const folder = mkdtempSync(path.join(tmpdir(), 'conditions-kubectl-'));
  chmodSync(folder, 0o755);
  const kubectl = path.join(folder, 'kubectl');
  writeFileSync(kubectl, `#!/bin/sh\n/bin/cat >/dev/null && echo "configured"\n`, { mode: 0o755 });
  return Promise.resolve({
    env: { KUBECTL: kubectl },
    close: () => rmSync(folder, { recursive: true, force: true }),
  });
}

async function withServer(): Promise<Surroundings> {
  const server = createServer((_, response) => response.end('coffee'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { env: { URL: `http://127.0.0.1:${port}/` }, close: () => void server.close() };
}

/** Answers when the service does. */
async function withPorts(): Promise<Surroundings> {
  return {
    env: {
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      ADMIN_PORT: String(await freePort()),
      DRAIN_MIN_MS: '50',
      DRAIN_QUIET_MS: '50',
      GRACE_MS: '50',
    },
    close: () => undefined,
  };
}

async function untilItServes({ child }: Running): Promise<void> {
  const args = child.spawnargs.join(' ');
  const port = /PORT=(\d+)/.exec(args)?.[1] ?? '';
  await waitFor(
    async () =>
      fetch(`http://127.0.0.1:${port}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    {
      deadlineMs: 60_000,
      what: `an answer at port ${port}`,
    },
  );
}
void untilItServes;
void readFileSync;

const lost = { code: 1 };
void lost;

const cluster = '--kubeconfig "$CLUSTER"';

export const commands: Record<string, Command> = {
  'render template': {
    script: 'render',
    args: 'template istio/cluster.yaml',
    result: /kind: NetworkPolicy[^]*\n---\n\n$/,
    says: /network-policy: network-policy\.tpl\.yaml\n$/,
  },
};
