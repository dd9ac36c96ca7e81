import { describe, expect, it } from '@jest/globals';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type {
  Deployment,
  DestinationRule,
  KubernetesObject,
  Pod,
  VirtualService,
} from '../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import {
  crowded,
  demandOf,
  endOf,
  unguarded,
  verifyQuota,
} from '../../../../scripts/switch/preflight/capacity.ts';
import { parseQuantity } from '../../../../scripts/shared/quantity.ts';
import {
  ejections,
  verifyRouting,
} from '../../../../scripts/switch/routing/virtual-service/verify-routing.ts';
import { verifyVersions } from '../../../../scripts/switch/preflight/versions.ts';

const named = (name: string, spec: object, namespace = 'shop'): KubernetesObject => ({
  metadata: { name, namespace },
  spec,
});
const service = (spec: object = {}, name = 'coffee-shop', namespace = 'shop') =>
  named(name, { hosts: ['coffee-shop'], http: [], ...spec }, namespace) as VirtualService;
const rule = (spec: object = {}, name = 'coffee-shop', namespace = 'shop') =>
  named(name, { host: 'coffee-shop', subsets: [{ name: 'v1' }], ...spec }, namespace) as DestinationRule;

/** What preflight says of a cluster with these objects besides our own. */
function look(
  others: Record<string, KubernetesObject[] | Error>,
  {
    virtualService = service(),
    roots = [] as VirtualService[],
    destinationRule = rule(),
  }: { virtualService?: VirtualService; roots?: VirtualService[]; destinationRule?: DestinationRule } = {},
): Promise<string[]> {
  const own: Record<string, KubernetesObject[]> = {
    virtualservices: [virtualService, ...roots],
    destinationrules: [destinationRule],
  };
  const cluster = {
    list: ({ plural, version }: Resource) => {
      const found = others[`${plural} ${version}`] ?? others[plural] ?? [];
      return found instanceof Error
        ? Promise.reject(found)
        : Promise.resolve([...(own[plural] ?? []), ...found]);
    },
  } as unknown as Cluster;
  return verifyRouting({
    cluster,
    known: { virtualService, roots, destinationRule },
    target: { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' },
    app: 'coffee-shop',
    namespace: 'shop',
    from: 'v1',
    to: 'v2',
    continued: false,
    signal: new AbortController().signal,
  });
}

describe('preflight looks at who else routes the host', () => {
  it('preflight has nothing to say when nobody else routes the host', async () => {
    const other = service({ hosts: ['tea-shop'] }, 'tea-shop');
    expect(await look({ virtualservices: [other] })).toEqual([]);
  });

  it.each([
    [
      'a second VirtualService',
      { virtualservices: [service({ hosts: ['coffee-shop.shop.svc.cluster.local'] }, 'rival', 'elsewhere')] },
      'VirtualService rival in elsewhere routes coffee-shop.shop.svc.cluster.local too',
    ],
    [
      'another VirtualService that names the old version, whatever its host and gateway',
      {
        virtualservices: [
          service(
            {
              hosts: ['shop.example'],
              gateways: ['edge'],
              http: [
                { route: [{ destination: { host: 'coffee-shop.shop.svc.cluster.local', subset: 'v1' } }] },
              ],
            },
            'front',
            'edge',
          ),
        ],
      },
      'VirtualService front in edge names subset v1 of coffee-shop.shop.svc.cluster.local too; a switch changes one VirtualService. Let it delegate to coffee-shop, or merge the two',
    ],
    [
      'a subset of that name in another DestinationRule',
      {
        destinationrules: [
          rule({ host: 'coffee-shop.shop', subsets: [] }, 'far'),
          rule({ subsets: [{ name: 'v2' }] }, 'rival'),
        ],
      },
      'DestinationRule rival in shop has a subset v2 of coffee-shop.shop.svc.cluster.local too',
    ],
    [
      'an HTTPRoute to the Service',
      {
        httproutes: [
          named('edge', { rules: [{ backendRefs: [{ name: 'coffee-shop', namespace: 'shop' }] }] }, 'edge'),
        ],
      },
      'HTTPRoute edge in edge routes the Service coffee-shop too, past the subsets',
    ],
    [
      'an HTTPRoute on the Service',
      { httproutes: [named('mesh', { parentRefs: [{ kind: 'Service', name: 'coffee-shop' }], rules: [] })] },
      'HTTPRoute mesh in shop routes the Service coffee-shop too',
    ],
  ])('refuses %s', async (_what, others, message) => {
    await expect(look(others)).rejects.toThrow(message);
    await expect(look(others)).rejects.toThrow(/\. Nothing was changed\.$/);
  });

  it('preflight takes a delegate by its roots: their hosts, their gateways, their scope', async () => {
    const virtualService = service({ hosts: undefined });
    await expect(look({}, { virtualService })).rejects.toThrow(
      'VirtualService coffee-shop has no hosts, and none delegates to it: no proxy has its routes',
    );
    const root = (more: object = {}) =>
      service(
        {
          hosts: ['shop.example'],
          gateways: ['edge'],
          http: [{ delegate: { name: 'coffee-shop' } }],
          ...more,
        },
        'root',
      );
    expect(await look({}, { virtualService, roots: [root()] })).toEqual([]);
    const rival = service({ hosts: ['shop.example'], gateways: ['shop/edge'] }, 'rival', 'elsewhere');
    await expect(look({ virtualservices: [rival] }, { virtualService, roots: [root()] })).rejects.toThrow(
      'VirtualService rival in elsewhere routes shop.example too',
    );
    const destinationRule = rule({ exportTo: ['.'] });
    await expect(look({}, { virtualService, roots: [root()], destinationRule })).rejects.toThrow(
      'VirtualService root is exported to *',
    );
    const roots = [root({ exportTo: ['.'] })];
    expect(await look({}, { virtualService, roots, destinationRule })).toEqual([]);
  });

  it('refuses a route that more proxies see than its subsets', async () => {
    const destinationRule = rule({ exportTo: ['.'] });
    await expect(look({}, { destinationRule })).rejects.toThrow(
      'VirtualService coffee-shop is exported to *, DestinationRule coffee-shop only to shop',
    );
    expect(await look({}, { destinationRule, virtualService: service({ exportTo: ['shop'] }) })).toEqual([]);
  });

  describe.each([
    ['httproutes', 'HTTPRoute', 'v1'],
    ['grpcroutes', 'GRPCRoute', 'v1'],
    ['tlsroutes', 'TLSRoute', 'v1'],
    ['tlsroutes', 'TLSRoute', 'v1alpha3'],
    ['tlsroutes', 'TLSRoute', 'v1alpha2'],
    ['tcproutes', 'TCPRoute', 'v1'],
    ['tcproutes', 'TCPRoute', 'v1alpha2'],
  ])("the Gateway API's %s (%s, %s)", (plural, kind, version) => {
    const missing = new ClusterError('404', { status: 404, reason: '' });

    it('routes of the Gateway API are refused on and to the Service, and let be elsewhere', async () => {
      const told = (spec: object) =>
        look({ [plural]: missing, [`${plural} ${version}`]: [named('edge', spec, 'edge')] });
      const ours = { name: 'coffee-shop', namespace: 'shop' };
      const refusal = `${kind} edge in edge routes the Service coffee-shop too, past the subsets: to every version at once. Remove it, or route by the VirtualService alone. Nothing was changed.`;
      await expect(told({ rules: [{ backendRefs: [ours] }] })).rejects.toThrow(refusal);
      await expect(told({ parentRefs: [{ kind: 'Service', ...ours }] })).rejects.toThrow(refusal);
      expect(
        await told({
          parentRefs: [{ name: 'coffee-shop' }],
          rules: [{ backendRefs: [{ name: 'tea-shop' }] }],
        }),
      ).toEqual([]);
    });

    it('routes of the Gateway API are done without where they are not installed, and not where they cannot be seen', async () => {
      expect(await look({ [plural]: missing })).toEqual([]);
      const forbidden = new ClusterError('403', { status: 403, reason: 'Forbidden' });
      await expect(look({ [plural]: forbidden })).rejects.toThrow(
        `Not allowed: list ${plural}.gateway.networking.k8s.io in every namespace. Nothing was changed.`,
      );
      const broken = new ClusterError('500', { status: 500, reason: '' });
      await expect(look({ [plural]: broken })).rejects.toBe(broken);
    });
  });

  it('preflight names the Sidecars that leave the host out, and not those that see it', async () => {
    const scope = (host: string, namespace: string) =>
      named(host, { egress: [{ hosts: [host] }] }, namespace);
    const seeing = ['*/*', 'shop/*', '*/coffee-shop.shop.svc.cluster.local', 'shop/*.svc.cluster.local'];
    expect(
      await look({ sidecars: [...seeing.map((host) => scope(host, 'tea')), scope('./*', 'shop')] }),
    ).toEqual([]);
    expect(await look({ sidecars: [scope('./*', 'tea')] })).toEqual([
      'Sidecar ./* in tea leaves coffee-shop.shop.svc.cluster.local out: its proxies have nothing to prove',
    ]);
  });
});

describe('preflight looks at the versions', () => {
  it('preflight says the versions of Kubernetes and Istio, each once', () => {
    const proxies = [{ istioVersion: '1.31.0' }, { istioVersion: '1.30.2' }, { istioVersion: '1.31.0' }, {}];
    expect(verifyVersions('v1.36.4', proxies)).toBe('Istio 1.30.2 and 1.31.0, Kubernetes v1.36.4');
    expect(verifyVersions('unknown', [{ istioVersion: 'dev' }])).toBe('Istio dev, Kubernetes unknown');
  });

  it('preflight refuses a Kubernetes or an Istio that is too old', () => {
    expect(() => verifyVersions('v1.22.17', [])).toThrow('Kubernetes v1.22.17 is older than 1.23');
    expect(() => verifyVersions('v1.30.0', [{ istioVersion: '1.22.8' }])).toThrow(
      'A proxy runs Istio 1.22.8; the oldest this switch works with is 1.23',
    );
  });
});

describe('preflight looks at the capacity', () => {
  const deployment = (labels: Record<string, string>, containers: object[]) =>
    ({
      metadata: { name: 'd' },
      spec: { template: { metadata: { labels }, spec: { containers } } },
    }) as unknown as Deployment;
  const app = {
    name: 'app',
    resources: { requests: { cpu: '100m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  };
  const fresh = deployment({ app: 'coffee-shop', version: 'v2' }, [app]);
  const like = {
    metadata: { name: 'p' },
    spec: {
      containers: [app, { name: 'old-helper', resources: { requests: { cpu: '5' } } }],
      initContainers: [
        {
          name: 'istio-proxy',
          restartPolicy: 'Always',
          resources: { requests: { cpu: '10m' }, limits: { cpu: '2' } },
        },
        { name: 'istio-init', resources: { requests: { cpu: '9' } } },
      ],
    },
  } as unknown as Pod;
  const quota = (hard: Record<string, string>, used: Record<string, string>, spec = {}) => [
    { metadata: { name: 'team' }, spec, status: { hard, used } },
  ];

  it('reads quantities', () => {
    const texts = ['100m', '96Mi', '1.5', '2k', '1e3', 4, 'much'];
    expect(texts.map(parseQuantity)).toEqual([0.1, 96 * 2 ** 20, 1.5, 2000, 1000, 4, NaN]);
  });

  it('counts the new pods with the sidecar that is injected into the old ones', () => {
    const demand = demandOf(fresh, 3, like);
    const objects = ['pods', 'count/pods', 'count/deployments.apps', 'count/replicasets.apps'];
    expect(objects.map((name) => demand.get(name))).toEqual([3, 3, 1, 1]);
    expect(demand.get('requests.cpu')).toBeCloseTo(0.33, 10);
    expect(demand.get('limits.cpu')).toBeCloseTo(6, 10);
    expect(demand.get('requests.memory')).toBe(3 * 96 * 2 ** 20);
    expect(demand.get('limits.memory')).toBe(3 * 256 * 2 ** 20);
  });

  it('refuses when a quota has no room for both versions at once', () => {
    const demand = demandOf(fresh, 3, like);
    expect(() => verifyQuota(quota({ pods: '5' }, { pods: '3' }), demand, '3 pods of v2')).toThrow(
      'ResourceQuota team has no room for 3 pods of v2: pods is 3 of 5, and 3 more are needed while both versions run. Nothing was changed.',
    );
    expect(() =>
      verifyQuota(quota({ 'requests.cpu': '1' }, { 'requests.cpu': '700m' }), demand, 'v2'),
    ).toThrow('requests.cpu is 700m of 1, and 0.33 more are needed');
    verifyQuota(
      quota({ pods: '6', 'requests.cpu': '1' }, { pods: '3', 'requests.cpu': '600m' }),
      demand,
      'v2',
    );
    verifyQuota(quota({ pods: '0' }, {}, { scopes: ['BestEffort'] }), demand, 'v2');
  });

  it('counts node by node how many new pods fit, and says when that is too few', () => {
    const node = (name: string, allocatable: Record<string, string>, spec = {}) => ({
      metadata: { name },
      spec,
      status: { allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const on = (nodeName: string, cpu: string, phase = 'Running') =>
      ({
        metadata: { name: 'p' },
        spec: { nodeName, containers: [{ name: 'c', resources: { requests: { cpu } } }] },
        status: { phase },
      }) as unknown as Pod;
    const demand = demandOf(fresh, 3, like); // 110m each
    const small = { cpu: '300m', memory: '1Gi', pods: '10' };
    const pods = [on('a', '80m'), on('b', '200m'), on('b', '5', 'Succeeded')];
    expect(crowded([node('a', small), node('b', small)], pods, demand, 3)).toEqual([
      'The nodes seem to have room for 2 of 3 new pods (2 open to any pod): the others may wait for a node',
    ]);
    expect(crowded([node('a', small), node('b', small), node('c', small)], pods, demand, 3)).toEqual([]);
    const closed = [
      node('c', small, { unschedulable: true }),
      node('d', small, { taints: [{ effect: 'NoSchedule' }] }),
    ];
    expect(crowded([node('a', small), node('b', small), ...closed], pods, demand, 3)).toHaveLength(1);
    expect(crowded([node('a', { ...small, pods: '1' })], pods, demand, 3)[0]).toMatch(/room for 0 of 3/);
    expect(crowded([node('a', {})], pods, demand, 3)).toEqual([]);
  });

  it('says what guards the old pods alone, that they end at once, and that outliers may be ejected', () => {
    const old = deployment({ app: 'coffee-shop', version: 'v1' }, [app]);
    const budget = (matchLabels: Record<string, string>) => ({
      metadata: { name: 'pdb' },
      spec: { selector: { matchLabels } },
    });
    expect(unguarded([budget({ app: 'coffee-shop' })], old, fresh, 'v2')).toEqual([]);
    expect(unguarded([budget({ version: 'v1' })], old, fresh, 'v2')).toEqual([
      "PodDisruptionBudget pdb guards only the old pods, not v2's",
    ]);
    expect(endOf(old, 'v1')[0]).toMatch(/^v1's pods have no preStop hook/);
    expect(
      endOf(deployment({}, [{ name: 'app', lifecycle: { preStop: { sleep: { seconds: 5 } } } }]), 'v1'),
    ).toEqual([]);
    const known = (percent: number) => ({
      known: {
        virtualService: service(),
        roots: [],
        destinationRule: rule({ trafficPolicy: { outlierDetection: { maxEjectionPercent: percent } } }),
      },
    });
    expect(ejections(known(10), 'v2')).toEqual([]);
    expect(ejections(known(100), 'v2')[0]).toMatch(/^Outlier detection may eject 100 % of v2's pods/);
  });
});
