import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { createStore } from '../../../storage/store.ts';
import { ask } from '../http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore() });
  for (const [group, versions] of [
    ['zoo.example.com', ['v1']],
    ['brew.example.com', ['v1alpha1', 'v2beta1', 'v1', 'v10', 'v2', 'foo']],
  ] as const) {
    const { code } = await ask(server, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        metadata: { name: `cups.${group}` },
        spec: {
          group,
          names: { plural: 'cups', kind: 'Cup' },
          scope: 'Namespaced',
          versions: versions.map((name, index) => ({
            name,
            served: true,
            storage: index === 0,
            schema: { openAPIV3Schema: { type: 'object' } },
          })),
        },
      },
    });
    expect(code).toBe(201);
  }
});

afterAll(() => server.close());

/** As a real 1.36.4 lists those that are served here, too. */
const BUILT_IN = [
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
];
const CUSTOM = ['brew.example.com', 'networking.istio.io', 'security.istio.io', 'zoo.example.com'];
const BREWS = ['v10', 'v2', 'v1', 'v2beta1', 'v1alpha1', 'foo'];

describe('the groups', () => {
  it('are listed as on a real server: built-in ones by priority, custom ones by name, the most stable version first', async () => {
    const { body } = await ask(server, 'GET', '/apis');
    const groups = body['groups'] as { name: string; versions: { version: string }[] }[];
    expect(groups.map(({ name }) => name)).toEqual([...BUILT_IN, ...CUSTOM]);
    const brew = groups.find(({ name }) => name === 'brew.example.com');
    expect(brew?.versions.map(({ version }) => version)).toEqual(BREWS);
    expect(brew).toMatchObject({ preferredVersion: { version: 'v10' } });
  });

  it('are in the same order where clients ask for all at once', async () => {
    const { text } = await ask(server, 'GET', '/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
    const { items } = JSON.parse(text) as {
      items: { metadata: { name: string }; versions: { version: string }[] }[];
    };
    expect(items.map(({ metadata }) => metadata.name)).toEqual([...BUILT_IN, ...CUSTOM]);
    expect(items[14]?.versions.map(({ version }) => version)).toEqual(BREWS);
  });
});
