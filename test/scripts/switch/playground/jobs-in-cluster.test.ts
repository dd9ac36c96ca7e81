import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { loadKubeConfig } from '../../../../scripts/shared/cluster/config.ts';
import { createTransport, type Transport } from '../../../../scripts/shared/cluster/transport.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { quickDelays, root, startCoffeeCluster, type CoffeeCluster } from '../../../support/cluster.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

// The very files a team applies: ServiceAccount, rights, kubeconfig,
// Jobs, and the image that holds this repository.
let shop: CoffeeCluster;
let transport: Transport;
let folder: string;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'jobs-in-cluster-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  shop = await startCoffeeCluster({ delays: quickDelays });
  atEnd(() => shop.close());
  transport = createTransport(loadKubeConfig({ kubeconfigs: [shop.playground.kubeconfig] }), {
    timeoutMs: 10_000,
    retryForMs: 5_000,
  });
  atEnd(() => transport.close());
}, 90_000);

interface Named {
  apiVersion: string;
  kind: string;
  metadata: { name?: string };
}

const read = (file: string): Named[] =>
  parseAllDocuments(readFileSync(path.join(root, 'scripts', file), 'utf8')).map((one) => one.toJS() as Named);

async function create(object: Named): Promise<string> {
  const { apiVersion, kind } = object;
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = kind.startsWith('Cluster') ? '' : '/namespaces/default';
  const plural = `${kind.toLowerCase()}s`;
  const made = (await transport.ask({
    method: 'POST',
    path: `${base}${scope}/${plural}`,
    body: object,
    asked: `create ${plural}`,
  })) as { metadata: { name: string } };
  return made.metadata.name;
}

/** Runs a Job to its end; returns its verdict and what its pod wrote. */
async function run(job: Named, container: string): Promise<{ verdict: string; log: string }> {
  const name = await create(job);
  const ask = (method: 'GET', at: string) => transport.ask({ method, path: at, asked: at });
  const verdict = await waitFor(
    async () => {
      const { status } = (await ask('GET', `/apis/batch/v1/namespaces/default/jobs/${name}`)) as {
        status?: { conditions?: { type: string }[] };
      };
      return status?.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed')?.type;
    },
    { deadlineMs: 60_000, what: `the Job ${name} to end` },
  );
  const { items } = (await ask(
    'GET',
    `/api/v1/namespaces/default/pods?labelSelector=job-name%3D${name}`,
  )) as {
    items: { metadata: { name: string } }[];
  };
  const answer = await transport.send({
    method: 'GET',
    path: `/api/v1/namespaces/default/pods/${items[0]?.metadata.name ?? ''}/log`,
    query: { container },
    asked: 'read the log',
  });
  return { verdict, log: await answer.body.text() };
}

describe('the Jobs beside the scripts, in the playground', () => {
  it('count a load from inside the mesh, by the Service’s name and through the sidecar of the pod', async () => {
    const [job] = read('load/in-cluster/job.yaml');
    const text = JSON.stringify(job)
      .replace('--duration=60s', '--duration=2s')
      .replace('--qps=250', '--qps=100');
    const { verdict, log } = await run(JSON.parse(text) as Named, 'load');
    expect({ verdict, log: verdict === 'Complete' ? '' : log }).toEqual({ verdict: 'Complete', log: '' });
    const account = JSON.parse(log.slice(log.indexOf('{'))) as {
      sent: number;
      lost: number;
      byVersion: object;
    };
    expect(account).toMatchObject({ sent: 200, lost: 0, byVersion: { v1: 200 } });
  }, 90_000);

  it('switch the version with the rights of their ServiceAccount and no others', async () => {
    for (const name of [
      'service-account',
      'role',
      'role-binding',
      'cluster-role',
      'cluster-role-binding',
      'config-map',
    ])
      for (const object of read(`switch/in-cluster/${name}.yaml`)) await create(object);
    const [job] = read('switch/in-cluster/job.yaml');
    const { verdict, log } = await run(job as Named, 'switch');
    expect({ verdict, log: verdict === 'Complete' ? '' : log }).toEqual({ verdict: 'Complete', log: '' });
    expect(log).toContain('v2');
    // As scripts/switch/docs/gitops.md says it: the whole log goes to git.
    const file = path.join(folder, 'istio/cluster.yaml');
    mkdirSync(path.dirname(file));
    cpSync(path.join(root, 'istio/cluster.yaml'), file);
    execFileSync('git', ['apply', '-'], { cwd: folder, input: log });
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
      global: { version: 'v2', image: 'coffee-shop:2.0.0' },
      include: expect.arrayContaining([
        { name: 'subsets', values: { subsets: 'v2' } },
        expect.objectContaining({
          name: 'route',
          values: expect.objectContaining({ live: 'v2' }) as unknown,
        }),
      ]) as unknown,
    });
    expect((await fetch(shop.ordersUrl, { method: 'POST' })).headers.get('x-version')).toBe('v2');
  }, 120_000);
});
