import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { loadKubeConfig } from '../../../scripts/shared/cluster/config.ts';
import { ClusterError } from '../../../scripts/shared/cluster/errors.ts';
import { createTransport, type Transport } from '../../../scripts/shared/cluster/transport.ts';
import { startPlayground, type Playground } from '../../support/cluster.ts';
import { createWorkplace, type Workplace } from './command.ts';

let command: Bundle;
let place: Workplace;
let playground: Playground;
let transport: Transport;
beforeAll(async () => {
  [command, playground] = await Promise.all([bundleCommand(), startPlayground({ mesh: 'none' })]);
  const connection = loadKubeConfig({ kubeconfigs: [playground.kubeconfig] });
  transport = createTransport(connection, { timeoutMs: 10_000, retryForMs: 0 });
}, 60_000);
afterAll(async () => {
  await transport.close();
  await playground.close();
  command.remove();
});
beforeEach(() => {
  place = createWorkplace(command.program);
  place.write({
    kubeconfig: readFileSync(playground.kubeconfig, 'utf8'),
    'c.yaml': 'global: {replicas: 2}\ninclude: [{name: shop}]\n',
    'shop/a-service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: 80}]}\n---\n',
    'shop/b-map.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {replicas: "{{ .replicas }}"}\n',
  });
});
afterEach(async () => {
  for (const one of [SERVICE, CONFIG_MAP]) await ask('DELETE', one);
  place.remove();
});

const SERVICE = '/api/v1/namespaces/default/services/shop';
const CONFIG_MAP = '/api/v1/namespaces/default/configmaps/shop';

/** Undefined when the cluster has nothing of that name. */
const ask = (method: 'GET' | 'DELETE', at: string): Promise<unknown> =>
  transport.ask({ method, path: at, asked: at }).catch((error: unknown) => {
    if (error instanceof ClusterError && error.status === 404) return undefined;
    throw error;
  });
const find = (at: string): Promise<unknown> => ask('GET', at);

describe('without kubectl', () => {
  it('apply creates and updates objects by server-side apply under its own field manager', async () => {
    const first = await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(first).toMatchObject({
      exit: 0,
      stdout: 'shop: Service shop applied\nshop: ConfigMap shop applied\n',
    });
    const again = await place.run(['apply', 'c.yaml', '--var', 'replicas=5'], {
      KUBECONFIG: path.join(place.folder, 'kubeconfig'),
    });
    expect(again.exit).toBe(0);
    expect(await find(CONFIG_MAP)).toMatchObject({
      data: { replicas: '5' },
      metadata: { managedFields: [{ manager: 'render', operation: 'Apply' }] },
    });
  });

  it('apply --dry-run changes nothing', async () => {
    const outcome = await place.run(['apply', 'c.yaml', '--dry-run', '--kubeconfig', 'kubeconfig']);
    expect(outcome.stdout).toContain('applied (dry run)');
    expect(await find(SERVICE)).toBeUndefined();
  });

  it('delete takes the objects away, and does not mind those that are gone', async () => {
    await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(await find(SERVICE)).toBeDefined();
    const outcome = await place.run(['delete', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(outcome).toMatchObject({
      exit: 0,
      stdout: 'shop: Service shop deleted\nshop: ConfigMap shop deleted\n',
    });
    expect(await find(SERVICE)).toBeUndefined();
    expect((await place.run(['delete', 'c.yaml', '--kubeconfig', 'kubeconfig'])).exit).toBe(0);
  });

  it('sends objects of any kind the cluster has, and nothing when it lacks one', async () => {
    place.write({
      'shop/b-map.yaml':
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: shop}\nrules: []\n',
    });
    const sent = await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(sent.stdout).toBe('shop: Service shop applied\nshop: Role shop applied\n');
    await place.run(['delete', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    place.write({
      'shop/b-map.yaml':
        'apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: shop}\n',
    });
    const outcome = await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(outcome).toMatchObject({ exit: 1, stdout: '' });
    expect(outcome.stderr).toBe(
      'render: error: shop: The cluster knows no ServiceMonitor in monitoring.coreos.com/v1; if it is a custom resource, its CustomResourceDefinition is not installed. Nothing was sent.\n',
    );
    expect(await find(SERVICE)).toBeUndefined();
  });

  it('sends nothing when any template of the run fails', async () => {
    place.write({ 'shop/z.yaml': '{{ .nope }}' });
    expect((await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig'])).exit).toBe(1);
    expect(await find(SERVICE)).toBeUndefined();
  });

  it('says in one line that no cluster is named', async () => {
    const outcome = await place.run(['apply', 'c.yaml']);
    expect(outcome.exit).toBe(2);
    expect(outcome.stderr).toMatch(/^No cluster named and no playground running\. .*\n$/);
  });
});
