import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../../apiserver/index.ts';
import { createStore } from '../../../../storage/store.ts';
import { ask } from '../../http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
});

afterAll(() => server.close());

type Json = Record<string, unknown>;

/** A namespace with one LimitRange; answers how that is stored. */
async function limited(namespace: string, limits: Json[]): Promise<unknown> {
  await ask(server, 'POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } });
  const { code, body } = await ask(server, 'POST', `/api/v1/namespaces/${namespace}/limitranges`, {
    body: { metadata: { name: 'limits' }, spec: { limits } },
  });
  expect(code).toBe(201);
  return body['spec'];
}

const container = (name: string, requests?: Json, limits?: Json) => ({
  name,
  image: 'shop:1',
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
});

const create = (namespace: string, containers: Json[], more: Json = {}, name = 'x') =>
  ask(server, 'POST', `/api/v1/namespaces/${namespace}/pods`, {
    body: { metadata: { name }, spec: { containers, ...more } },
  });

const refusal = async (...pod: Parameters<typeof create>): Promise<unknown[]> => {
  const { code, body } = await create(...pod);
  return [code, body.message];
};

describe('a LimitRange', () => {
  it('fills in its own gaps: the most is the default, the default the default request', async () => {
    const limits = [
      { type: 'Container', max: { cpu: '1' }, min: { memory: '8Mi' }, default: { memory: '64Mi' } },
    ];
    expect(await limited('gaps', limits)).toEqual({
      limits: [
        {
          ...limits[0],
          default: { cpu: '1', memory: '64Mi' },
          defaultRequest: { cpu: '1', memory: '64Mi' },
        },
      ],
    });
  });

  it('gives containers what they leave out, and notes on the pod what it gave', async () => {
    await limited('defaults', [
      {
        type: 'Container',
        default: { cpu: '500m', memory: '64Mi' },
        defaultRequest: { cpu: '100m', memory: '32Mi' },
      },
    ]);
    const { code, body } = await create(
      'defaults',
      [container('none'), container('own', { cpu: '50m' }, { cpu: '200m', memory: '1Gi' })],
      { initContainers: [container('first')] },
    );
    expect(code).toBe(201);
    const given = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
    expect(body['spec']).toMatchObject({
      initContainers: [{ resources: given }],
      containers: [
        { resources: given },
        { resources: { requests: { cpu: '50m', memory: '1Gi' }, limits: { cpu: '200m', memory: '1Gi' } } },
      ],
    });
    expect(body.metadata?.['annotations']).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory request for container none; cpu, memory limit for container none; cpu, memory request for init container first; cpu, memory limit for init container first',
    });
  });

  it('refuses a container below the least, above the most, or with too much between request and limit', async () => {
    await limited('bounds', [
      { type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '4' } },
    ]);
    const head = 'pods "x" is forbidden:';
    const of = (requests: string, limits: string) =>
      refusal('bounds', [container('c', { cpu: requests }, { cpu: limits })]);
    expect(await of('50m', '200m')).toEqual([
      403,
      `${head} minimum cpu usage per Container is 100m, but request is 50m`,
    ]);
    expect(await of('500m', '2')).toEqual([
      403,
      `${head} maximum cpu usage per Container is 1, but limit is 2`,
    ]);
    expect(await of('100m', '500m')).toEqual([
      403,
      `${head} cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000`,
    ]);
    expect(await of('50m', '2')).toEqual([
      403,
      `${head} [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 4, but provided ratio is 40.000000]`,
    ]);
    expect((await create('bounds', [container('c', { cpu: '250m' }, { cpu: '1' })])).code).toBe(201);
  });

  it('holds all of a pod together to what it says of pods', async () => {
    await limited('pods', [{ type: 'Pod', max: { cpu: '1', memory: '128Mi' } }]);
    const memory = { memory: '64Mi' };
    const half = (name: string) => container(name, undefined, { cpu: '500m', ...memory });
    expect(await refusal('pods', [half('a'), half('b'), half('c')])).toEqual([
      403,
      'pods "x" is forbidden: [maximum cpu usage per Pod is 1, but limit is 1500m, maximum memory usage per Pod is 128Mi, but limit is 192Mi]',
    ]);
    expect(await refusal('pods', [container('a')])).toEqual([
      403,
      'pods "x" is forbidden: [maximum cpu usage per Pod is 1.  No limit is specified, maximum memory usage per Pod is 128Mi.  No limit is specified]',
    ]);
    expect((await create('pods', [half('a'), half('b')], { initContainers: [half('i')] })).code).toBe(201);
    const sidecar = { initContainers: [{ ...half('i'), restartPolicy: 'Always' }] };
    expect((await create('pods', [half('a'), half('b')], sidecar, 'y')).code).toBe(403);
  });
});
