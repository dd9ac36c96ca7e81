import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApiServer, writeKubeconfig, type ApiServer } from '../../../scripts/playground/api/index.ts';
import { createStore } from '../../../scripts/playground/store/store.ts';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { ask } from '../../../scripts/playground/test/api/http-client.ts';
import { createWorkplace, type Workplace } from './command.ts';

let command: Bundle;
let place: Workplace;
let server: ApiServer;
beforeAll(async () => {
  command = await bundleCommand();
});
afterAll(() => command.remove());
beforeEach(async () => {
  server = await startApiServer({ store: createStore() });
  place = createWorkplace(command.program);
  await writeKubeconfig(path.join(place.folder, 'kubeconfig'), server);
  place.write({
    'c.yaml': 'global: {replicas: 2}\ninclude: [{name: shop}]\n',
    'shop/a-service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: 80}]}\n---\n',
    'shop/b-map.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {replicas: "{{ .replicas }}"}\n',
  });
});
afterEach(async () => {
  place.remove();
  await server.close();
});

const SERVICE = '/api/v1/namespaces/default/services/shop';
const CONFIG_MAP = '/api/v1/namespaces/default/configmaps/shop';

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
    const { body } = await ask(server, 'GET', CONFIG_MAP);
    expect(body).toMatchObject({
      data: { replicas: '5' },
      metadata: { managedFields: [{ manager: 'render', operation: 'Apply' }] },
    });
  });

  it('apply --dry-run changes nothing', async () => {
    const outcome = await place.run(['apply', 'c.yaml', '--dry-run', '--kubeconfig', 'kubeconfig']);
    expect(outcome.stdout).toContain('applied (dry run)');
    expect((await ask(server, 'GET', SERVICE)).code).toBe(404);
  });

  it('delete takes the objects away, and does not mind those that are gone', async () => {
    await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect((await ask(server, 'GET', SERVICE)).code).toBe(200);
    const outcome = await place.run(['delete', 'c.yaml', '--kubeconfig', 'kubeconfig']);
    expect(outcome).toMatchObject({
      exit: 0,
      stdout: 'shop: Service shop deleted\nshop: ConfigMap shop deleted\n',
    });
    expect((await ask(server, 'GET', SERVICE)).code).toBe(404);
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
    expect((await ask(server, 'GET', SERVICE)).code).toBe(404);
  });

  it('sends nothing when any template of the run fails', async () => {
    place.write({ 'shop/z.yaml': '{{ .nope }}' });
    expect((await place.run(['apply', 'c.yaml', '--kubeconfig', 'kubeconfig'])).exit).toBe(1);
    expect((await ask(server, 'GET', SERVICE)).code).toBe(404);
  });

  it('says in one line that no cluster is named', async () => {
    const outcome = await place.run(['apply', 'c.yaml']);
    expect(outcome.exit).toBe(2);
    expect(outcome.stderr).toMatch(/^No cluster named and no playground running\. .*\n$/);
  });
});
