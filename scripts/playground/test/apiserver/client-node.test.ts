/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- client-node takes plain objects where its models are classes */
import net from 'node:net';
import * as streams from 'node:stream';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as k8s from '@kubernetes/client-node';
import { startApiServer, type ApiServer } from '../../apiserver/index.ts';
import { createStore, type MemoryStore } from '../../storage/store.ts';
import { endAfterAll } from '../../../../test/support/end-after-all.ts';

/**
 * @kubernetes/client-node as it comes from npm, against the playground's API server, through a kubeconfig.
 */

let store: MemoryStore;
let server: ApiServer;
let echo: net.Server;
const config = new k8s.KubeConfig();

const atEnd = endAfterAll();
beforeAll(async () => {
  store = createStore();
  echo = net.createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  atEnd(() => echo.close());
  const { port: echoPort } = echo.address() as net.AddressInfo;
  server = await startApiServer({
    clusterObjects: false,
    store,
    connectToPod: (_namespace, _pod, port) =>
      port === 8080
        ? Promise.resolve(net.connect(echoPort, '127.0.0.1'))
        : Promise.reject(new Error('connection refused')),
    async *readLogs(namespace, pod, container) {
      await Promise.resolve();
      yield `${namespace}/${pod}/${container}\n`;
    },
  });
  atEnd(() => server.close());
  config.loadFromString(server.kubeconfig);
});

const deployment = (name: string): k8s.V1Deployment => ({
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [{ name: 'app', image: 'shop:1', ports: [{ name: 'http', containerPort: 8080 }] }],
      },
    },
  },
});

const virtualService = (http: object[]) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'shop', namespace: 'default' },
  spec: { hosts: ['shop'], http },
});

function codeOf(error: unknown): number {
  if (error instanceof k8s.ApiException) return error.code;
  throw error;
}

describe('typed APIs', () => {
  it('create, read, list, replace and delete a Deployment', async () => {
    const apps = config.makeApiClient(k8s.AppsV1Api);
    const created = await apps.createNamespacedDeployment({ namespace: 'default', body: deployment('web') });
    expect(created.spec?.replicas).toBe(1);
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const list = await apps.listNamespacedDeployment({ namespace: 'default', labelSelector: '!app' });
    expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(['web']);
    if (created.spec) created.spec.replicas = 3;
    const replaced = await apps.replaceNamespacedDeployment({
      name: 'web',
      namespace: 'default',
      body: created,
    });
    expect([replaced.spec?.replicas, replaced.metadata?.generation]).toEqual([3, 2]);
    const stale = apps.replaceNamespacedDeployment({ name: 'web', namespace: 'default', body: created });
    expect(await stale.catch(codeOf)).toBe(409);
    await apps.deleteNamespacedDeployment({ name: 'web', namespace: 'default' });
    expect(await apps.readNamespacedDeployment({ name: 'web', namespace: 'default' }).catch(codeOf)).toBe(
      404,
    );
  });

  it('scale and patch', async () => {
    const apps = config.makeApiClient(k8s.AppsV1Api);
    await apps.createNamespacedDeployment({ namespace: 'default', body: deployment('scaled') });
    const scale = await apps.readNamespacedDeploymentScale({ name: 'scaled', namespace: 'default' });
    expect(scale.status?.selector).toBe('app=scaled');
    const merge = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch);
    const name = { name: 'scaled', namespace: 'default' };
    await apps.patchNamespacedDeploymentScale({ ...name, body: { spec: { replicas: 4 } } }, merge);
    const strategic = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch);
    const containers = [{ name: 'app', env: [{ name: 'A', value: '1' }] }];
    const patched = await apps.patchNamespacedDeployment(
      { ...name, body: { spec: { template: { spec: { containers } } } } },
      strategic,
    );
    expect(patched.spec).toMatchObject({
      replicas: 4,
      template: { spec: { containers: [{ image: 'shop:1', env: [{ name: 'A' }] }] } },
    });
  });

  it('apply on the server side, and hear of conflicts', async () => {
    const apps = config.makeApiClient(k8s.AppsV1Api);
    const apply = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply);
    const body = Object.assign({ apiVersion: 'apps/v1', kind: 'Deployment' }, deployment('applied'));
    const ask = { name: 'applied', namespace: 'default', fieldManager: 'coffee' };
    await apps.patchNamespacedDeployment({ ...ask, body }, apply);
    const other = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'applied' },
      spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } },
    };
    expect(
      await apps
        .patchNamespacedDeployment({ ...ask, fieldManager: 'other', body: other }, apply)
        .catch(codeOf),
    ).toBe(409);
    const forced = await apps.patchNamespacedDeployment(
      { ...ask, fieldManager: 'other', force: true, body: other },
      apply,
    );
    expect(forced.spec?.template.spec?.containers[0]?.image).toBe('shop:2');
  });

  it('hold a lease with microsecond times, and lose a race for it', async () => {
    const leases = config.makeApiClient(k8s.CoordinationV1Api);
    const lease: k8s.V1Lease = {
      metadata: { name: 'lock' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: new k8s.V1MicroTime() },
    };
    const held = await leases.createNamespacedLease({ namespace: 'default', body: lease });
    const renew = { name: 'lock', namespace: 'default', body: held };
    if (held.spec) held.spec.renewTime = new k8s.V1MicroTime(Date.now() + 1000);
    await leases.replaceNamespacedLease(renew);
    expect(await leases.replaceNamespacedLease(renew).catch(codeOf)).toBe(409);
  });

  it('ask what they may do', async () => {
    const reviews = config.makeApiClient(k8s.AuthorizationV1Api);
    const body = {
      spec: {
        resourceAttributes: { verb: 'create', group: 'apps', resource: 'deployments', namespace: 'default' },
      },
    };
    const review = await reviews.createSelfSubjectAccessReview({ body });
    expect(review.status?.allowed).toBe(true);
  });

  it('read logs', async () => {
    const core = config.makeApiClient(k8s.CoreV1Api);
    await core.createNamespacedPod({
      namespace: 'default',
      body: { metadata: { name: 'logs' }, spec: { containers: [{ name: 'app', image: 'x' }] } },
    });
    expect(await core.readNamespacedPodLog({ name: 'logs', namespace: 'default' })).toBe(
      'default/logs/app\n',
    );
  });
});

describe('custom objects', () => {
  it('are applied and read back', async () => {
    const custom = config.makeApiClient(k8s.CustomObjectsApi);
    const at = {
      group: 'networking.istio.io',
      version: 'v1',
      namespace: 'default',
      plural: 'virtualservices',
      name: 'shop',
    };
    const apply = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply);
    const route = [{ name: 'all', route: [{ destination: { host: 'shop' } }] }];
    await custom.patchNamespacedCustomObject(
      { ...at, body: virtualService(route), fieldManager: 'coffee' },
      apply,
    );
    expect(await custom.getNamespacedCustomObject(at)).toMatchObject({
      metadata: { generation: 1 },
      spec: { http: route },
    });
  });

  it('are found by discovery for the generic client', async () => {
    const generic = k8s.KubernetesObjectApi.makeApiClient(config);
    const spec = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'shop', namespace: 'default' },
      spec: { host: 'shop' },
    };
    const created = await generic.create<k8s.KubernetesObject & { spec: object }>(spec);
    expect(created.spec).toEqual({ host: 'shop' });
  });
});

describe('watches', () => {
  it('stream changes in order and end when told', async () => {
    const watch = new k8s.Watch(config);
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const onEvent = (type: string, object: k8s.KubernetesObject) => {
        seen.push(`${type} ${String(object.metadata?.name)}`);
        if (seen.length === 3) void started.then((controller) => controller.abort());
      };
      const started = watch.watch('/api/v1/namespaces/default/secrets', {}, onEvent, () => resolve());
      started.catch(reject);
      void started.then(() => {
        store.create('v1/secrets', {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 's', namespace: 'default' },
        });
        store.mutate('v1/secrets', 'default', 's', (draft) => (draft.metadata.labels = { a: 'b' }));
        store.delete('v1/secrets', 'default', 's');
      });
    });
    expect(seen).toEqual(['ADDED s', 'MODIFIED s', 'DELETED s']);
  });

  it('feed an informer', async () => {
    const core = config.makeApiClient(k8s.CoreV1Api);
    const list = () => core.listNamespacedConfigMap({ namespace: 'default' });
    const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/configmaps', list);
    const added = new Promise<string | undefined>((resolve) =>
      informer.on('add', ({ metadata }) => resolve(metadata?.name)),
    );
    await informer.start();
    store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'informed', namespace: 'default' },
    });
    expect(await added).toBe('informed');
    await informer.stop();
  });
});

describe('port-forward', () => {
  async function forwarded(port: number, send: string): Promise<{ data: string; error: string }> {
    const forward = new k8s.PortForward(config);
    const core = config.makeApiClient(k8s.CoreV1Api);
    const body = { metadata: { generateName: 'pf-' }, spec: { containers: [{ name: 'app', image: 'x' }] } };
    const pod = await core.createNamespacedPod({ namespace: 'default', body });
    const result = { data: '', error: '' };
    const near = net.createServer();
    await new Promise<void>((resolve) => near.listen(0, '127.0.0.1', resolve));
    const client = net.connect((near.address() as net.AddressInfo).port, '127.0.0.1');
    const socket = await new Promise<net.Socket>((resolve) => near.once('connection', resolve));
    await new Promise<void>((resolve) => {
      client.on('data', (chunk: Buffer) => {
        result.data += chunk.toString();
        if (result.data.length >= send.length) resolve();
      });
      const { PassThrough } = streams;
      const errors = new PassThrough();
      errors.on('data', (chunk: Buffer) => {
        result.error += chunk.toString();
        resolve();
      });
      void forward.portForward('default', pod.metadata?.name ?? '', [port], socket, errors, socket);
      client.write(send);
    });
    client.destroy();
    socket.destroy();
    near.close();
    return result;
  }

  it('carries bytes both ways, large ones whole', async () => {
    const text = 'coffee'.repeat(50_000);
    expect((await forwarded(8080, text)).data).toBe(text);
  });

  it('says on the error channel why a port cannot be reached', async () => {
    expect((await forwarded(9, 'x')).error).toContain('connection refused');
  });
});
