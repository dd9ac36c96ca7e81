import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { parse } from 'yaml';
import type { Account } from '../../../scripts/load/index.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { root, startCoffeeCluster, type CoffeeCluster } from '../../support/cluster.ts';

interface Job {
  metadata: { generateName: string };
  spec: {
    template: { spec: { containers: { command?: string[]; args: string[]; image: string }[] } };
  };
}

let folder: string;
let coffee: CoffeeCluster;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'load-job-'));
  coffee = await startCoffeeCluster();
  // The image: what `node --import tsx scripts/load/main.ts` is, in one file.
  const outfile = path.join(folder, 'load.mjs');
  await build({
    entryPoints: [path.join(root, 'scripts/load/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  coffee.playground.registerImage('coffee-shop-tools', ['node', outfile]);
}, 60_000);
afterAll(async () => {
  await coffee.close();
  await rm(folder, { recursive: true });
});

/** Runs job.yaml, shorter; gives what it logged and how it ended. */
async function runJob(change: (args: string[]) => string[]): Promise<{ account: Account; failed: number }> {
  const job = parse(readFileSync(`${root}/scripts/load/in-cluster/job.yaml`, 'utf8')) as Job;
  const [container] = job.spec.template.spec.containers;
  if (!container) throw new Error('no container');
  delete container.command;
  container.args = change(container.args.map((flag) => flag.replace(/^(--duration)=.*/, '$1=1s')));
  const config = new KubeConfig();
  config.loadFromFile(coffee.playground.kubeconfig);
  const batch = config.makeApiClient(BatchV1Api);
  const core = config.makeApiClient(CoreV1Api);
  const { metadata } = await batch.createNamespacedJob({ namespace: 'default', body: job as object });
  const name = metadata?.name ?? '';
  const labelSelector = `job-name=${name}`;
  const failed = await waitFor(
    async () => {
      const { status } = await batch.readNamespacedJob({ namespace: 'default', name });
      const over = (status?.succeeded ?? 0) + (status?.failed ?? 0) > 0;
      return over ? { count: status?.failed ?? 0 } : undefined;
    },
    { deadlineMs: 60_000, what: `${name} to end` },
  );
  const { items } = await core.listNamespacedPod({ namespace: 'default', labelSelector });
  const pod = items[0]?.metadata?.name ?? '';
  const log = await core.readNamespacedPodLog({ namespace: 'default', name: pod, container: 'load' });
  expect(items[0]?.spec?.initContainers?.map((each) => each.name)).toEqual(['istio-proxy']);
  return {
    account: JSON.parse(log.split('\n').find((line) => line.startsWith('{')) ?? '') as Account,
    failed: failed.count,
  };
}

describe('the load as a Job', () => {
  it('counts inside the mesh, writes the account into its log, and ends although it has a sidecar', async () => {
    const { account, failed } = await runJob((args) => args);
    expect(account).toMatchObject({ sent: 250, ok: 250, lost: 0, byVersion: { v1: 250 } });
    expect(failed).toBe(0);
  }, 90_000);

  it('fails when anything was lost', async () => {
    const { account, failed } = await runJob((args) =>
      args.map((flag) => flag.replace('/orders', '/nothing-here')),
    );
    expect(account).toMatchObject({ sent: 250, lost: 250, byStatus: { 404: 250 } });
    expect(failed).toBe(1);
  }, 90_000);
});
