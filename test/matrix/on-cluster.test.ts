import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { demoSelector } from '../../scripts/demo/on-cluster/options.ts';
import { startPlayground, type Playground } from '../support/cluster.ts';
import { connectCluster, type Cluster } from '../../scripts/shared/cluster/cluster.ts';
import type { Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { leftBehindFor } from '../docs/left-behind.ts';
import { startDemo } from '../support/demo-process.ts';
import { endAfterAll } from '../support/end-after-all.ts';

let folder: string;
/** A cluster that somebody else started, known by a kubeconfig and nothing else. */
let foreign: Playground;
let admin: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'on-cluster-test-'));
  atEnd(() => rm(folder, { recursive: true }));
  foreign = await startPlayground();
  atEnd(() => foreign.close());
  admin = await connectCluster({ kubeconfigs: [foreign.kubeconfig] }, { fieldManager: 'test' });
  atEnd(() => admin.close());
});

describe('Ctrl-C in the middle of a release on a cluster', () => {
  it.each(['plain-naive', 'istio-rolling-classic', 'istio-script', 'istio-switch'])(
    'leaves nothing of %s: no namespace, no process, no file',
    async (scenario) => {
      const args = ['--kubeconfig', foreign.kubeconfig, '--scenario', scenario, '--out', folder];
      const gateway = foreign.gatewayUrl === undefined ? [] : ['--gateway', foreign.gatewayUrl];
      const demo = startDemo([...args, ...gateway], folder);
      const namespaces = async (): Promise<string[]> =>
        (await admin.list(resources.namespaces, { labelSelector: demoSelector })).map(
          ({ metadata }) => metadata.name,
        );
      // The new version has come: the load runs, and the release is under way.
      await waitFor(
        async () => {
          const [namespace] = await namespaces();
          if (namespace === undefined) return false;
          const pods = await admin.list<Pod>(resources.pods, { namespace, labelSelector: 'version=v2' });
          return pods.length > 0;
        },
        { deadlineMs: 120_000, what: 'a pod of v2', lastSeen: demo.said },
      );
      expect(await demo.interrupt()).toEqual([130, null]);
      expect(demo.said()).not.toContain('Left behind');
      expect(await namespaces()).toEqual([]);
      expect(await leftBehindFor(folder, '')).toEqual([]);
    },
    200_000,
  );
});
