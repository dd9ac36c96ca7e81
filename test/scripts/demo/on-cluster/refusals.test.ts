import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { demoSelector } from '../../../../scripts/demo/on-cluster/options.ts';
import { verifyCluster } from '../../../../scripts/demo/on-cluster/verify-cluster.ts';
import { findScenario, type ScenarioId } from '../../../../scripts/demo/scenarios.ts';
import { startPlayground, type Playground } from '../../../support/cluster.ts';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { root } from '../../../support/cluster.ts';
import { kubeconfigFor, tokenOf } from '../../../support/service-account.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

let folder: string;
/** A cluster without a mesh. */
let plain: Playground;
let admin: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'on-cluster-refusals-'));
  atEnd(() => rm(folder, { recursive: true }));
  plain = await startPlayground({ mesh: 'none' });
  atEnd(() => plain.close());
  admin = await connectCluster({ kubeconfigs: [plain.kubeconfig] }, { fieldManager: 'test' });
  atEnd(() => admin.close());
});

const verify = (cluster: Cluster, id: ScenarioId) =>
  verifyCluster(cluster, {
    runs: [{ scenario: findScenario(id), weather: 'calm' }],
    ...{ namespace: 'coffee-shop-demo-test', gateway: undefined, signal: AbortSignal.timeout(20_000) },
  });

/** The kubeconfig of a ServiceAccount that may do this in the whole cluster, and nothing else. */
async function accountWith(name: string, rules: object[]): Promise<Cluster> {
  const config = new KubeConfig();
  config.loadFromFile(plain.kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const group = 'rbac.authorization.k8s.io';
  const subject = { kind: 'ServiceAccount', name, namespace: 'default' };
  const metadata = { name };
  for (const object of [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } },
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules },
    {
      ...{ apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata, subjects: [subject] },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    },
  ]) {
    await objects.create(object);
  }
  const file = path.join(folder, name);
  await writeFile(file, kubeconfigFor(config, name, { token: await tokenOf(config, name) }));
  return connectCluster({ kubeconfigs: [file] }, { fieldManager: 'test' });
}

describe('the demo on a cluster', () => {
  const wayOut =
    /Install it \(istioctl install .*--scenario plain-naive --scenario plain-correct\. Nothing was/;

  it('refuses where no istiod runs, and says what runs without it', async () => {
    const verified = verify(admin, 'istio-switch');
    await expect(verified).rejects.toThrow('has no Istio that runs (no ready pod labelled app=istiod)');
    await expect(verified).rejects.toThrow(wayOut);
    await expect(verify(admin, 'plain-correct')).resolves.toMatchObject({ injection: {}, leftovers: [] });
  });

  it('refuses where the API server has never heard of Istio', async () => {
    const list: Cluster['list'] = (resource, options) =>
      resource === resources.virtualServices
        ? Promise.reject(new ClusterError('404 page not found', { status: 404, reason: '' }))
        : admin.list(resource, options);
    const verified = verify({ ...admin, list }, 'istio-switch');
    await expect(verified).rejects.toThrow('has no Istio (it does not know networking.istio.io/v1)');
    await expect(verified).rejects.toThrow(wayOut);
  });

  it('refuses an account that may only look, and names each right that it lacks', async () => {
    const viewer = await accountWith('viewer', [
      { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
    ]);
    try {
      const said = await verify(viewer, 'plain-correct').then(String, String);
      for (const right of [
        'delete namespaces in every namespace',
        'create pods/portforward in coffee-shop-demo-test',
      ]) {
        expect(said).toContain(right);
      }
      expect(said).not.toContain('list');
      expect(said).toContain('Nothing was changed');
    } finally {
      await viewer.close();
    }
  });

  it('ends with 1 and one line on stderr, and has made nothing', async () => {
    const args = ['--kubeconfig', plain.kubeconfig, '--scenario', 'istio-switch', '--out', folder];
    const child = spawn(
      process.execPath,
      ['--import', './load-typescript.mjs', 'scripts/demo/main.ts', ...args],
      {
        cwd: root,
        env: { ...process.env, TMPDIR: folder },
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toMatch(/^playground has no Istio.*\n$/);
    expect(await admin.list(resources.namespaces, { labelSelector: demoSelector })).toEqual([]);
  }, 60_000);
});
