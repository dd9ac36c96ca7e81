import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../../../scripts/shared/errors.ts';
import type { KubernetesObject, Service } from '../../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../../scripts/shared/resources.ts';
import { verifyVersions } from '../../../../../scripts/switch/preflight/versions.ts';
import { createHttpRouteRouting } from '../../../../../scripts/switch/routing/http-route/http-route-routing.ts';
import type { HTTPRoute, Rule } from '../../../../../scripts/switch/routing/http-route/http-route.ts';
import { backend, httpRoute, parents, rules, versionService } from './scene.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const app: Service = {
  metadata: { name: 'coffee-shop', namespace: 'shop' },
  spec: { selector: { app: 'coffee-shop' }, ports: [{ port: 80 }] },
};
const gateway = (gatewayClassName = 'istio') => ({
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { gatewayClassName },
});
const other = (name: string, namespace: string, spec: object) => ({ metadata: { name, namespace }, spec });

interface World {
  route?: HTTPRoute;
  services?: Service[];
  to?: string;
  bundle?: string | null;
  /** What else stands in the cluster, by its plural; Istio's Gateways are not among them. */
  lists?: Record<string, KubernetesObject[]>;
}

function look({
  route = httpRoute(),
  services = [versionService('v1')],
  to = 'v2',
  bundle = 'v1.6.1',
  lists,
}: World) {
  const all: Record<string, KubernetesObject[]> = { gateways: [gateway()], httproutes: [route], ...lists };
  const annotations = bundle === null ? {} : { 'gateway.networking.k8s.io/bundle-version': bundle };
  const cluster = {
    get: () => Promise.resolve({ metadata: { name: 'httproutes', annotations } }),
    list: ({ plural }: Resource) => Promise.resolve(all[plural] ?? []),
  } as unknown as Cluster;
  const beans = ['beans', 'menu', 'tea'].map((name) => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }] },
  }));
  const routing = createHttpRouteRouting({ route, app, services: [app, ...services, ...beans] }, target);
  const { signal } = new AbortController();
  const asked = { cluster, app: 'coffee-shop', namespace: 'shop', from: 'v1', to, continued: false, signal };
  return routing.verify(asked).then((notes) => ({ notes, routing }));
}

const refusal = (world: World) =>
  look(world).then(
    () => 'nothing is refused',
    (error: unknown) => messageOf(error),
  );

const main = (more: Partial<Rule> = {}): Rule => ({
  name: 'main',
  backendRefs: [backend('coffee-shop-v1')],
  ...more,
});

describe('before a switch by HTTPRoute', () => {
  it('nothing is refused where one HTTPRoute leads to the version, with whatever else it does', async () => {
    expect((await look({})).notes).toEqual([]);
    expect(await refusal({ route: httpRoute(rules.slice(1)) })).toBe('nothing is refused');
  });

  it.each<[string, string, World]>([
    [
      'two rules of one name',
      'two rules named main',
      { route: httpRoute([main(), main({ matches: [{ path: { type: 'Exact', value: '/x' } }] })]) },
    ],
    [
      'a second rule with an equal match',
      'a proxy has only the first',
      { route: httpRoute([main(), main({ name: 'again' })]) },
    ],
    [
      'a port that the Service lacks',
      'which has no such port',
      { route: httpRoute([main({ backendRefs: [backend('coffee-shop-v1', 1, { port: 81 })] })]) },
    ],
    [
      'only weights of 0',
      'has only weights of 0',
      { route: httpRoute([main({ backendRefs: [backend('coffee-shop-v1', 0)] })]) },
    ],
    [
      'a rule to every version at once',
      'every version at once',
      { route: httpRoute([main({ backendRefs: [backend('coffee-shop')] })]) },
    ],
    ['a Service that is not there', 'which is not there', { services: [] }],
    [
      'a rule that is divided already',
      'divides its traffic between v1 and v2 already',
      {
        route: httpRoute([main({ backendRefs: [backend('coffee-shop-v1'), backend('coffee-shop-v2')] })]),
        services: [versionService('v1'), versionService('v2')],
      },
    ],
    [
      'a consumer route of another namespace',
      'the proxies of guests follow it',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('mine', 'guests', {
              parentRefs: [{ kind: 'Service', group: '', name: 'coffee-shop', namespace: 'shop' }],
            }),
          ],
        },
      },
    ],
    [
      'two HTTPRoutes on our Service',
      'Merge it into coffee-shop',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('second', 'shop', { rules: [{ backendRefs: [{ name: 'coffee-shop-v1', port: 80 }] }] }),
          ],
        },
      },
    ],
    [
      'two HTTPRoutes whose parent is our Service',
      'Merge it into coffee-shop',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('second', 'shop', { parentRefs: [{ kind: 'Service', group: '', name: 'coffee-shop' }] }),
          ],
        },
      },
    ],
    [
      'an HTTPRoute that mirrors to our Service',
      'Merge it into coffee-shop',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('second', 'shop', {
              rules: [{ filters: [{ requestMirror: { backendRef: { name: 'coffee-shop-v1' } } }] }],
            }),
          ],
        },
      },
    ],
    [
      'another HTTPRoute of the host with a rule of the same name',
      'rule named testers',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('second', 'shop', {
              parentRefs: [parents[0]],
              hostnames: ['coffee.example'],
              rules: [{ name: 'testers', matches: [{ path: { type: 'Exact', value: '/q' } }] }],
            }),
          ],
        },
      },
    ],
    [
      'another HTTPRoute of the host with an equal match',
      'only the older of the two',
      {
        lists: {
          httproutes: [
            httpRoute(),
            other('second', 'shop', { parentRefs: [parents[0]], hostnames: ['coffee.example'], rules: [{}] }),
          ],
        },
      },
    ],
    [
      'a VirtualService for the same host',
      'VirtualService old in shop routes coffee-shop too',
      { lists: { virtualservices: [other('old', 'shop', { hosts: ['coffee-shop'] })] } },
    ],
    [
      'a VirtualService for the Gateway’s host',
      'routes coffee.example too',
      { lists: { virtualservices: [other('old', 'edge', { hosts: ['coffee.example'] })] } },
    ],
    [
      'a VirtualService that leads to a version',
      'routes coffee-shop-v1.shop',
      {
        lists: {
          virtualservices: [
            other('side', 'shop', {
              hosts: ['side'],
              http: [{ route: [{ destination: { host: 'coffee-shop-v1' } }] }],
            }),
          ],
        },
      },
    ],
    ['a Gateway of another class', 'is of class nginx', { lists: { gateways: [gateway('nginx')] } }],
    ['a Gateway that is not there', 'which is not there', { lists: { gateways: [] } }],
    [
      'a TLSRoute',
      'TLSRoute raw in shop leads to the Service coffee-shop',
      {
        lists: { tlsroutes: [other('raw', 'shop', { rules: [{ backendRefs: [{ name: 'coffee-shop' }] }] })] },
      },
    ],
    [
      'a GRPCRoute',
      'GRPCRoute raw in shop leads to the Service coffee-shop-v1',
      {
        lists: {
          grpcroutes: [other('raw', 'shop', { rules: [{ backendRefs: [{ name: 'coffee-shop-v1' }] }] })],
        },
      },
    ],
    [
      'another kind of parent',
      'is for ServiceEntry outside',
      {
        route: httpRoute(rules, {
          parentRefs: [{ group: 'networking.istio.io', kind: 'ServiceEntry', name: 'outside' }],
        }),
      },
    ],
    ['no parent', 'has no parents', { route: httpRoute(rules, { parentRefs: [] }) }],
    ['a Gateway API without names of rules', 'rules have names since 1.4', { bundle: 'v1.3.0' }],
    ['a Gateway API of no known release', 'of no known release', { bundle: null }],
    ['a version that no rule can be named after', 'only a-z, 0-9', { to: 'Beta_1' }],
    ['a headless Service', 'is headless', { services: [versionService('v1', { clusterIP: 'None' })] }],
    [
      'a Service of that name for other pods',
      'there is a Service coffee-shop-v2',
      { services: [versionService('v1'), versionService('v2', { selector: { app: 'other' } })] },
    ],
    [
      'a Sidecar that hides the candidate’s Service',
      'they would answer 500',
      {
        lists: {
          sidecars: [
            other('narrow', 'guests', {
              egress: [
                {
                  hosts: [
                    'shop/coffee-shop.shop.svc.cluster.local',
                    'shop/coffee-shop-v1.shop.svc.cluster.local',
                  ],
                },
              ],
            }),
          ],
        },
      },
    ],
  ])('%s is refused', async (_what, expected, world) => {
    const said = await refusal(world);
    expect(said).toContain(expected);
    expect(said).toContain('Nothing was changed');
  });

  it('what Istio says of this generation is a veto, and of an earlier one it is none', async () => {
    const said = (observedGeneration: number) => ({
      ...httpRoute(),
      status: {
        parents: [
          {
            controllerName: 'istio.io/gateway-controller',
            parentRef: { kind: 'Gateway', name: 'shop' },
            conditions: [
              { type: 'Accepted', status: 'False', reason: 'NoMatchingParent', observedGeneration },
            ],
          },
        ],
      },
    });
    expect(await refusal({ route: said(1) })).toContain('Accepted is False, NoMatchingParent');
    expect(await refusal({ route: said(0) })).toBe('nothing is refused');
  });

  it('callers in the mesh that do not follow the rules are told', async () => {
    const { routing } = await look({ route: httpRoute(rules, { parentRefs: parents.slice(0, 1) }) });
    expect(routing.remarks({ from: 'v1', to: 'v2' })).toEqual([
      expect.stringContaining('is not for the mesh'),
    ]);
    expect((await look({})).routing.remarks({ from: 'v1', to: 'v2' })).toEqual([]);
  });

  it('an Istio that does not copy names of rules is refused', async () => {
    const { routing } = await look({});
    const verify = (istioVersion: string) => () =>
      verifyVersions('v1.36.4', [{ istioVersion }], routing.leastIstio);
    expect(verify('1.23.6')).toThrow('the oldest this switch works with is 1.24');
    expect(verify('1.24.0')).not.toThrow();
  });
});
