/** What commands need around them to do their work: a cluster, a server, ports. Made anew for each cell. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startFakeMesh } from '../../../../scripts/bench/switch/fake-mesh.ts';
import { freePort } from '../../../support/free-port.ts';

export interface Around {
  env: Record<string, string>;
  /** Fails when the cluster is not as the command should have left it. */
  verify?: () => Promise<void>;
  close: () => void;
}

interface Listed {
  metadata: { name: string };
  spec: { holderIdentity?: string };
}

/**
 * A mesh of two proxies with the coffee-shop's v1, in memory. `after`
 * are the Deployments that are to be left.
 */
export const aCluster =
  (after: readonly string[] = ['coffee-shop-v1']) =>
  async (): Promise<Around> => {
    const mesh = await startFakeMesh({ proxies: 2, propagationMs: 20 });
    const { file: kubeconfig, remove } = fileFor('kubeconfig', mesh.kubeconfig);
    const { clusters } = JSON.parse(mesh.kubeconfig) as { clusters: { cluster: { server: string } }[] };
    const list = async (plural: string): Promise<Listed[]> => {
      const answer = await fetch(
        `${clusters[0]?.cluster.server ?? ''}/apis/apps/v1/namespaces/default/${plural}`,
      );
      return ((await answer.json()) as { items: Listed[] }).items;
    };
    return {
      env: { CLUSTER: kubeconfig },
      async verify() {
        const left = (await list('deployments')).map(({ metadata }) => metadata.name);
        const holders = (await list('leases')).map(({ spec }) => spec.holderIdentity ?? '').filter(Boolean);
        if (left.join() !== after.join() || holders.length > 0)
          throw new Error(`left: ${left.join()}; the Lease is held by ${holders.join() || 'nobody'}`);
      },
      close() {
        mesh.close();
        remove();
      },
    };
  };

/** The same, on a machine without a kubectl. */
export const aClusterAlone = async (): Promise<Around> => {
  const { env, ...around } = await aCluster()();
  return { ...around, env: { ...env, PATH: '/nowhere' } };
};

/** As much of kubectl as takes what it is given and says a line. */
export function aKubectl(): Promise<Around> {
  const script = `#!/bin/sh\n/bin/cat >/dev/null && echo "configured"\n`;
  const { file, remove } = fileFor('kubectl', script, 0o755);
  return Promise.resolve({ env: { KUBECTL: file }, close: remove });
}

export async function aServer(): Promise<Around> {
  const server = createServer((_, response) => response.end('coffee'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { env: { URL: `http://127.0.0.1:${port}/` }, close: () => void server.close() };
}

export async function freePorts(): Promise<Around> {
  const env = {
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
    DRAIN_MIN_MS: '50',
    DRAIN_QUIET_MS: '50',
    PRE_STOP_MIN_MS: '50',
    PRE_STOP_QUIET_MS: '50',
    GRACE_MS: '50',
  };
  return { env, close: () => undefined };
}

function fileFor(name: string, text: string, mode = 0o644): { file: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'conditions-around-'));
  chmodSync(folder, 0o755);
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
