/**
 * The preflight step as a whole, on a cluster and a mesh that say what
 * a row of the table says: nobody else would notice a look left out.
 */
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import type { Cluster, ListOptions } from '../../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../../scripts/shared/errors.ts';
import type {
  DestinationRule,
  KubernetesObject,
  VirtualService,
} from '../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import type { Proxy } from '../../../../scripts/switch/proofs/proxies.ts';
import type { SwitchRecord } from '../../../../scripts/switch/lock/switch-record.ts';
import { createVirtualServiceRouting } from '../../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';
import { preflight } from '../../../../scripts/switch/preflight/preflight.ts';
import { readState } from '../../../../scripts/switch/cluster-state/read-state.ts';
import type { RenderSet } from '../../../../scripts/switch/changes/render-version.ts';
import { scaledObjects } from '../../../../scripts/switch/changes/scaled-object.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';

const clusterFile = path.resolve(import.meta.dirname, '../../../../istio/cluster.yaml');
const host = 'coffee-shop.shop.svc.cluster.local';

type Objects = Record<string, KubernetesObject[]>;
const named = (name: string, more: object = {}, namespace = 'shop'): KubernetesObject => ({
  metadata: { name, namespace },
  ...more,
});
/** What one row says of the cluster besides a coffee-shop of v1 that nothing speaks against. */
interface Scene {
  objects?: Objects;
  selector?: Record<string, string>;
  routes?: object;
  policy?: object;
  /** In the DestinationRule besides v1's. */
  subset?: object;
  old?: { replicas?: number; hook?: boolean; version?: string };
  /** Containers of the old pods besides the app's. Default: Istio's sidecar. */
  besides?: string[];
  /** Of the old pods. */
  annotations?: Record<string, string>;
  /** Labels of the Service. */
  bound?: Record<string, string>;
  /** What may not be read. */
  forbidden?: string[];
  proxies?: Partial<Proxy>[];
  filtering?: string;
  kubernetes?: string;
  before?: SwitchRecord['before'];
  canary?: number[];
  set?: Record<string, string>;
  prometheus?: string;
  /** What the template set makes of a version besides its Deployment. Default: the starter's templates. */
  others?: (version: string) => KubernetesObject[];
  /** A right that is missing: `list scaledobjects`. */
  denied?: string;
  /** Who made the Deployment, the VirtualService and the DestinationRule. */
  ownedBy?: NonNullable<KubernetesObject['metadata']['ownerReferences']>[number];
}

const labels = (version: string) => ({ app: 'coffee-shop', version });
const sidecar: Proxy = {
  key: 'a',
  namespace: 'shop',
  pod: 'a',
  type: 'sidecar',
  uid: 'a',
  terminating: false,
  rejected: undefined,
};

function standing({
  selector = { app: 'coffee-shop' },
  routes = {},
  policy,
  subset,
  old = {},
  besides = ['istio-proxy'],
  annotations = {},
  bound = {},
}: Scene): Objects {
  const { replicas = 2, hook = true, version = 'v1' } = old;
  const others = besides.map((name) => ({ name }));
  const containers = [{ name: 'coffee-shop', ...(hook ? { lifecycle: { preStop: {} } } : {}) }];
  const http = [{ name: 'first', route: [{ destination: { host: 'coffee-shop', subset: 'v1' } }] }];
  const v1 = { replicas, template: { metadata: { labels: labels(version) }, spec: { containers } } };
  return {
    services: [
      {
        metadata: { name: 'coffee-shop', namespace: 'shop', labels: bound },
        spec: { selector, ports: [{ port: 8080 }] },
      },
    ],
    virtualservices: [named('coffee-shop', { spec: { hosts: ['coffee-shop'], http, ...routes } })],
    destinationrules: [
      named('coffee-shop', {
        spec: {
          host: 'coffee-shop',
          subsets: [{ name: 'v1', labels: { version: 'v1' } }, ...(subset ? [subset] : [])],
          ...(policy ? { trafficPolicy: policy } : {}),
        },
      }),
    ],
    deployments: [named('coffee-shop-v1', { spec: v1 })],
    pods: [
      {
        metadata: { name: 'coffee-shop-v1-1', namespace: 'shop', labels: labels('v1'), annotations },
        spec: { containers: [...containers, ...others] },
      },
    ],
  };
}

const rendering =
  (others: NonNullable<Scene['others']>): RenderSet =>
  (_file, { version = '' }) =>
    Promise.resolve([{ kind: 'Deployment', ...v2(2, version) }, ...others(version)]);

/** What preflight gives, or the words it refuses with. */
async function look(scene: Scene = {}) {
  const objects: Objects = { ...standing(scene) };
  for (const [plural, more] of Object.entries(scene.objects ?? {}))
    objects[plural] = [...(objects[plural] ?? []), ...more];
  if (scene.ownedBy)
    for (const plural of ['deployments', 'virtualservices', 'destinationrules'])
      for (const { metadata } of objects[plural] ?? []) metadata.ownerReferences = [scene.ownedBy];
  const written: string[] = [];
  const write = (verb: string) => () => {
    written.push(verb);
    return Promise.reject(new Error(`preflight must not ${verb}`));
  };
  const cluster = {
    context: 'fake',
    namespace: 'shop',
    get: ({ plural }: Resource, name: string) =>
      scene.forbidden?.includes(plural)
        ? Promise.reject(new ClusterError('forbidden', { status: 403, reason: 'Forbidden' }))
        : Promise.resolve(objects[plural]?.find(({ metadata }) => metadata.name === name)),
    list: ({ plural, group }: Resource, { labelSelector = '' }: ListOptions = {}) => {
      if (group === 'gateway.networking.k8s.io' && objects[plural] === undefined)
        return Promise.reject(new ClusterError('no such kind', { status: 404, reason: 'NotFound' }));
      const wanted = labelSelector.split(',').filter(Boolean);
      return Promise.resolve(
        (objects[plural] ?? []).filter(({ metadata }) =>
          wanted.every((pair) => {
            const [key = '', value] = pair.split('=');
            return metadata.labels?.[key] === value;
          }),
        ),
      );
    },
    resourceOf: () => Promise.resolve(scaledObjects),
    create: ({ kind, spec }: KubernetesObject) => {
      if (kind !== 'SelfSubjectAccessReview') return write('create')();
      const { verb, resource } = (spec as { resourceAttributes: Record<string, string> }).resourceAttributes;
      return Promise.resolve({ status: { allowed: `${verb} ${resource}` !== scene.denied } });
    },
    patch: write('patch'),
    apply: write('apply'),
    replace: write('replace'),
    delete: write('delete'),
    version: () => Promise.resolve({ gitVersion: scene.kubernetes ?? 'v1.36.4' }),
  } as unknown as Cluster;
  const [service] = objects['services'] ?? [];
  const [virtualService] = objects['virtualservices'] as [VirtualService];
  const [destinationRule] = objects['destinationrules'] as [DestinationRule];
  const context = {
    readState: () => readState(cluster, 'coffee-shop'),
    options: {
      cluster,
      app: 'coffee-shop',
      clusterFile,
      set: scene.set ?? { pod: 'naive' },
      canary: scene.canary,
      prometheus: scene.prometheus,
      ...(scene.others ? { renderSet: rendering(scene.others) } : {}),
    },
    cluster,
    mesh: {
      list: () => Promise.resolve((scene.proxies ?? [{}]).map((proxy) => ({ ...sidecar, ...proxy }))),
      filteringIstiod: () => Promise.resolve(scene.filtering),
      isLive: () => Promise.resolve(true),
    },
    app: 'coffee-shop',
    namespace: 'shop',
    from: 'v1',
    to: 'v2',
    marker: 'switch-v1-to-v2-0123abcd',
    record: { before: scene.before ?? { deployment: false, subset: false } },
    target: { host, namespace: 'shop' },
    service,
    signal: new AbortController().signal,
    lastSeen: createVirtualServiceRouting(
      { virtualService, roots: [], destinationRule },
      { host, namespace: 'shop' },
    ),
  } as unknown as SwitchContext;
  const said = await preflight
    .claim(context, [])
    .prove()
    .catch((error: unknown) => messageOf(error));
  expect(written).toEqual([]);
  return said;
}

const route = [{ destination: { host: 'coffee-shop', subset: 'v1' } }];
const autoscaler = (version: string, maxReplicas: number) =>
  named(`coffee-shop-${version}`, {
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: `coffee-shop-${version}` },
      minReplicas: 1,
      maxReplicas,
    },
  });
const owned = (
  object: KubernetesObject,
  apiVersion: string,
  kind: string,
  name: string,
): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, ownerReferences: [{ apiVersion, kind, name, uid: 'u', controller: true }] },
});
const waypoint: Partial<Proxy> = { key: 'w', pod: 'waypoint-1', type: 'waypoint' };
const shopBoundTo = (name: string): KubernetesObject => ({
  metadata: { name: 'shop', labels: { 'istio.io/use-waypoint': name } },
});
const scaled = (version: string, maxReplicaCount: number, annotations = {}): KubernetesObject => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: `scale-${version}`, namespace: 'shop', annotations },
  spec: { scaleTargetRef: { name: `coffee-shop-${version}` }, maxReplicaCount },
});
const v2 = (replicas: number, version = 'v2') =>
  named(`coffee-shop-${version}`, {
    spec: { replicas, template: { metadata: { labels: labels(version) }, spec: { containers: [] } } },
  });

describe('the preflight step', () => {
  it('has nothing to say of a coffee-shop like the template, and changes nothing', async () => {
    expect(
      await look({ proxies: [{ istioVersion: '1.23.0' }, { key: 'b', pod: 'b', type: 'router' }] }),
    ).toEqual({
      detail: 'v1 serves all traffic, v2 is not deployed; 2 proxies (Istio 1.23.0, Kubernetes v1.36.4)',
      proof: { proxies: 2 },
      notes: [],
    });
  });

  const refusals: [string, Scene, string | RegExp][] = [
    [
      'pods of the ambient mesh',
      { annotations: { 'ambient.istio.io/redirection': 'enabled' } },
      'pod coffee-shop-v1-1 is in the ambient mesh (ambient.istio.io/redirection: enabled): proxies reach it through a tunnel, where its requests cannot be counted. Label the pods istio.io/dataplane-mode=none and give them sidecars. Nothing was changed.',
    ],
    [
      'a Service that is bound to a waypoint',
      { bound: { 'istio.io/use-waypoint': 'gate', 'istio.io/use-waypoint-namespace': 'edge' } },
      "Service coffee-shop is bound to the waypoint edge/gate (istio.io/use-waypoint): its routes stand inside the waypoint's listener, where they cannot be proven yet. Take it out: kubectl label service coffee-shop istio.io/use-waypoint-. Nothing was changed.",
    ],
    [
      'a namespace that is bound to a waypoint',
      { objects: { namespaces: [shopBoundTo('waypoint')] } },
      "the namespace shop is bound to the waypoint shop/waypoint (istio.io/use-waypoint), and Service coffee-shop with it: its routes stand inside the waypoint's listener, where they cannot be proven yet. Take the Service out: kubectl label service coffee-shop istio.io/use-waypoint=none. Nothing was changed.",
    ],
    [
      'a waypoint that may be that of a namespace which cannot be read',
      { proxies: [{}, waypoint], forbidden: ['namespaces'] },
      'waypoint-1.shop is a waypoint, and whether the namespace shop is bound to it cannot be read: allow get namespaces, or say that Service coffee-shop is not: kubectl label service coffee-shop istio.io/use-waypoint=none. Nothing was changed.',
    ],
    [
      'a Service that does not select the new pods',
      { selector: { app: 'coffee-shop', tier: 'front' } },
      /^the Service coffee-shop selects app=coffee-shop,tier=front, but the pods of coffee-shop-v2 are labelled app=coffee-shop,version=v2,\S+\. Nothing was changed\.$/,
    ],
    [
      'a subset that does not select the new pods',
      { subset: { name: 'v2', labels: { version: '2.0.0' } } },
      /^the subset v2 selects version=2\.0\.0, but the pods of coffee-shop-v2 are labelled app=coffee-shop,version=v2,\S+\. Nothing was changed\.$/,
    ],
    [
      'a route of the Gateway API to the Service',
      {
        objects: {
          grpcroutes: [named('edge', { spec: { rules: [{ backendRefs: [{ name: 'coffee-shop' }] }] } })],
        },
      },
      'GRPCRoute edge in shop routes the Service coffee-shop too, past the subsets: to every version at once. Remove it, or route by the VirtualService alone. Nothing was changed.',
    ],
    [
      'a tcp route that names the old subset',
      { routes: { tcp: [{ route }] } },
      'A tcp or tls route of VirtualService coffee-shop names subset v1; only http routes can be switched. Nothing was changed.',
    ],
    [
      'a tls route that names the old subset',
      { routes: { tls: [{ match: [{ sniHosts: ['coffee-shop'] }], route }] } },
      'A tcp or tls route of VirtualService coffee-shop names subset v1; only http routes can be switched. Nothing was changed.',
    ],
    [
      'a route that divides its traffic between the two already',
      {
        routes: {
          http: [
            {
              name: 'beta',
              match: [{ headers: { 'x-beta': { exact: 'yes' } } }],
              route: [
                { ...route[0], weight: 90 },
                { destination: { host: 'coffee-shop', subset: 'v2' }, weight: 10 },
              ],
            },
            { name: 'first', route },
          ],
        },
      },
      'route "beta" of VirtualService coffee-shop divides its traffic between v1 and v2 already: give it to one of them first. Nothing was changed.',
    ],
    [
      'an old version whose Deployment cannot be told',
      { old: { version: '1.0.0' } },
      'no Deployment that the Service coffee-shop selects is labelled version=v1: how many pods v2 needs is unknown, and the rest of v1 could not be deleted. Nothing was changed.',
    ],
    [
      'an istiod that keeps clusters from its gateways',
      { proxies: [{}, { key: 'g', pod: 'gateway', type: 'router' }], filtering: 'istiod-1' },
      'istiod-1 runs with PILOT_FILTER_GATEWAY_CLUSTER_CONFIG=true: a gateway hears of v2 only when a route names it, so nothing can prove before that it is ready there. Turn it off. Nothing was changed.',
    ],
    [
      'a proxy of an Istio that is too old',
      { proxies: [{ istioVersion: '1.31.0' }, { key: 'b', istioVersion: '1.22.8' }] },
      'A proxy runs Istio 1.22.8; the oldest this switch works with is 1.23. Nothing was changed.',
    ],
    [
      'a Kubernetes that is too old',
      { kubernetes: 'v1.22.17' },
      'Kubernetes v1.22.17 is older than 1.23, the oldest this switch works with. Nothing was changed.',
    ],
    [
      'a ScaledObject of the set that could be paused and not found again',
      { others: (version) => [scaled(version, 9)], denied: 'list scaledobjects' },
      'Not allowed: list scaledobjects.keda.sh in shop. Nothing was changed.',
    ],
    [
      'a quota without room for another Deployment',
      {
        objects: {
          resourcequotas: [
            named('team', {
              status: { hard: { 'count/deployments.apps': '1' }, used: { 'count/deployments.apps': '1' } },
            }),
          ],
        },
      },
      'ResourceQuota team has no room for 2 pods of v2: count/deployments.apps is 1 of 1, and 1 more are needed while both versions run. Nothing was changed.',
    ],
  ];
  it.each(refusals)('refuses %s', async (_what, scene, words) => {
    const said = await look(scene);
    if (words instanceof RegExp) expect(said).toMatch(words);
    else expect(said).toBe(words);
  });

  const candidate = (spec: object, status: object = {}, metadata: object = {}) => {
    const own = v2(2);
    return {
      objects: {
        deployments: [
          {
            metadata: { ...own.metadata, generation: 1, ...metadata },
            spec: { ...(own['spec'] as object), ...spec },
            status: { observedGeneration: 1, ...status },
          },
        ],
      },
    };
  };
  const resume = 'kubectl rollout resume deployment/coffee-shop-v2';
  const complete = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
  const hopeless: [string, Scene, string][] = [
    [
      'a candidate that is paused',
      { ...candidate({ paused: true }), set: {} },
      `Deployment coffee-shop-v2 is paused and will not roll out: ${resume}: waiting for it cannot help. Nothing was changed.`,
    ],
    [
      'a candidate that is paused and would be told something else',
      candidate({ paused: true }, complete),
      `Deployment coffee-shop-v2 is paused and would not roll out the new image or values: ${resume}. Nothing was changed.`,
    ],
    [
      'a candidate past its progress deadline',
      {
        ...candidate(
          {},
          {
            conditions: [
              { type: 'Progressing', status: 'False', message: 'ReplicaSet "x" has timed out progressing.' },
            ],
          },
        ),
        set: {},
      },
      'ReplicaSet "x" has timed out progressing: waiting for it cannot help. Nothing was changed.',
    ],
    [
      'a candidate that is being deleted',
      candidate({}, {}, { deletionTimestamp: '2026-11-23T12:00:00Z', finalizers: ['team.example/keep'] }),
      'Deployment coffee-shop-v2 is being deleted (since 2026-11-23T12:00:00Z) and waits for team.example/keep: wait until it is gone, and make it again. Nothing was changed.',
    ],
    [
      'a current version without pods',
      { old: { replicas: 0 } },
      'Deployment coffee-shop-v1 is scaled to 0 pods: how many v2 needs is unknown. Scale v1 up first, or say it with --set replicas=2. Nothing was changed.',
    ],
    [
      'a candidate of 0 pods',
      { set: { pod: 'naive', replicas: '0' } },
      'Deployment coffee-shop-v2 would have 0 pods: nobody would serve v2. Nothing was changed.',
    ],
    [
      'evidence from a Prometheus that cannot tell the versions apart',
      {
        canary: [5],
        prometheus: 'http://prometheus.invalid:9090',
        subset: { name: 'v2', labels: { app: 'coffee-shop' } },
      },
      "Istio's metrics do not tell versions apart by the labels of the subset v2 (app): label the pods with version too, or take the evidence from the callers' proxies, without --prometheus. Nothing was changed.",
    ],
    [
      'a Service without a selector',
      { selector: {} },
      'the Service coffee-shop has no selector: the pods of its versions cannot be determined. Give it one. Nothing was changed.',
    ],
  ];
  it.each(hopeless)('refuses %s, for which waiting cannot help', async (_what, scene, words) => {
    expect(await look(scene)).toBe(words);
  });

  it('takes a current version without pods when it is told how many the new one needs', async () => {
    const said = await look({ old: { replicas: 0 }, set: { pod: 'naive', replicas: '3' } });
    expect(said).toMatchObject({ detail: expect.stringContaining('v2 is not deployed') as unknown });
  });

  const notes: [string, Scene, unknown[]][] = [
    [
      'a waypoint of others, and pods that no ztunnel redirects',
      {
        proxies: [{}, waypoint],
        objects: { namespaces: [shopBoundTo('none')] },
        annotations: { 'ambient.istio.io/redirection': 'disabled' },
      },
      [],
    ],
    [
      'a waypoint of its namespace that the Service is taken out of',
      {
        proxies: [{}, waypoint],
        bound: { 'istio.io/use-waypoint': 'none' },
        objects: { namespaces: [shopBoundTo('waypoint')] },
      },
      [],
    ],
    ['a namespace that cannot be read, where there is no waypoint', { forbidden: ['namespaces'] }, []],
    ['an istiod that keeps clusters from gateways, where there are none', { filtering: 'istiod-1' }, []],
    [
      'tcp and tls routes of others',
      { routes: { tcp: [{ route: [{ destination: { host: 'tea-shop', subset: 'v1' } }] }] } },
      [],
    ],
    [
      'the holder of the Lease',
      {
        objects: {
          leases: [
            named('switch-coffee-shop', {
              spec: {
                holderIdentity: 'barista@elsewhere',
                leaseDurationSeconds: 15,
                renewTime: '2026-11-23T12:00:00.000000Z',
              },
            }),
          ],
        },
      },
      [
        'barista@elsewhere holds the Lease switch-coffee-shop, renewed at 2026-11-23T12:00:00.000000Z: a switch stops while it is at work, and takes over 15 s after its end',
      ],
    ],
    [
      'pods without a hook, a budget for them alone, and outliers that may be ejected',
      {
        old: { hook: false },
        policy: { outlierDetection: { maxEjectionPercent: 100 } },
        objects: {
          poddisruptionbudgets: [named('old', { spec: { selector: { matchLabels: { version: 'v1' } } } })],
        },
      },
      [
        "PodDisruptionBudget old guards only the old pods, not v2's",
        "v1's pods have no preStop hook: the switch keeps requests away from their end, an eviction before it would not",
        "Outlier detection may eject 100 % of v2's pods: a start with errors leaves too few to serve",
      ],
    ],
    [
      'callers that no proxy counts',
      { besides: [], routes: { gateways: ['edge'] } },
      [
        'the pods of v1 have no sidecar: proof C misses callers without one, whose requests may still run when the pods end',
        'VirtualService coffee-shop is not for the mesh (gateways: edge): callers inside it go to every version, and keep v1 from becoming quiet',
      ],
    ],
    [
      'nodes that have too little of what the pods request',
      {
        objects: {
          nodes: [
            named('small', {
              spec: {},
              status: { allocatable: { cpu: '150m' }, conditions: [{ type: 'Ready', status: 'True' }] },
            }),
          ],
        },
      },
      ['The nodes seem to have room for 1 of 2 new pods (1 open to any pod): the others may wait for a node'],
    ],
    [
      'a gateway that rejects what somebody else has made',
      { proxies: [{}, { key: 'g', pod: 'gateway', type: 'router', rejected: 'RouteConfiguration: bad' }] },
      [
        'gateway.shop rejects its configuration: RouteConfiguration: bad; nothing sent with it takes effect there until it is fixed',
      ],
    ],
    [
      "an autoscaler of the old version that will be the new one's, and is too small",
      { old: { replicas: 5 }, objects: { horizontalpodautoscalers: [autoscaler('v1', 3)] } },
      ['v2 is to have 5 pods, HorizontalPodAutoscaler coffee-shop-v2 allows 3: v2 takes over with 3'],
    ],
    [
      'an autoscaler of the new version that is too small, and not that of the old one',
      {
        old: { replicas: 5 },
        objects: { horizontalpodautoscalers: [autoscaler('v1', 9), autoscaler('v2', 4)] },
      },
      ['v2 is to have 5 pods, HorizontalPodAutoscaler coffee-shop-v2 allows 4: v2 takes over with 4'],
    ],
    [
      'a version that was there before and that nobody scales',
      {
        old: { replicas: 2 },
        before: { deployment: true, subset: false },
        objects: { deployments: [v2(3)], horizontalpodautoscalers: [autoscaler('v1', 9)] },
      },
      [
        'HorizontalPodAutoscaler coffee-shop-v1 scales v1; v2 was there before without one: it stays at 3 pods, whatever its load',
      ],
    ],
    [
      'an autoscaler that KEDA has made',
      {
        old: { replicas: 5 },
        objects: {
          horizontalpodautoscalers: [
            owned(autoscaler('v1', 3), 'keda.sh/v1alpha1', 'ScaledObject', 'scale-v1'),
          ],
          scaledobjects: [named('scale-v1', { spec: { scaleTargetRef: { name: 'coffee-shop-v1' } } })],
        },
      },
      [
        `HorizontalPodAutoscaler coffee-shop-v1, which scales v1, belongs to ScaledObject scale-v1: the switch neither copies, holds nor deletes it. v2 stays at 5 pods, whatever its load, and ScaledObject scale-v1 is left when v1 is gone, unless the resource set "version" of ${clusterFile} holds a ScaledObject (keda.sh/v1alpha1) that has {{ .app }}-{{ .version }} as its name and in its target: put it there`,
      ],
    ],
    [
      'a ScaledObject for each version, by the set',
      {
        others: (version) => [scaled(version, 9)],
        objects: {
          horizontalpodautoscalers: [
            owned(autoscaler('v1', 3), 'keda.sh/v1alpha1', 'ScaledObject', 'scale-v1'),
          ],
          scaledobjects: [scaled('v1', 9)],
        },
      },
      [],
    ],
    [
      'a ScaledObject that allows too few pods',
      { old: { replicas: 5 }, others: (version) => [scaled(version, 3)] },
      ['v2 is to have 5 pods, ScaledObject scale-v2 allows 3: v2 takes over with 3'],
    ],
    [
      'a ScaledObject that its author pauses at too few pods',
      {
        old: { replicas: 5 },
        others: (version) => [scaled(version, 9, { 'autoscaling.keda.sh/paused-replicas': '2' })],
      },
      ['v2 is to have 5 pods, ScaledObject scale-v2 allows 2: v2 takes over with 2'],
    ],
    [
      'autoscalers of other owners, and of the old version alone',
      {
        objects: {
          horizontalpodautoscalers: [owned(autoscaler('v1', 3), 'team.example/v1', 'Scaler', 'fast')],
          scaledobjects: [
            named('other', { spec: { scaleTargetRef: { name: 'tea-shop' } } }),
            named('paused', { spec: { scaleTargetRef: { name: 'coffee-shop-v1' } } }),
          ],
          verticalpodautoscalers: [
            named('up', { spec: { targetRef: { kind: 'Deployment', name: 'coffee-shop-v1' } } }),
            named('set', { spec: { targetRef: { kind: 'StatefulSet', name: 'coffee-shop-v1' } } }),
          ],
        },
      },
      [
        expect.stringMatching(
          /^HorizontalPodAutoscaler coffee-shop-v1, which scales v1, belongs to Scaler fast: .* holds a Scaler \(team.example\/v1\)/,
        ),
        expect.stringMatching(
          /^ScaledObject paused is for v1 alone: .* v2 stays at 2 pods, whatever its load/,
        ),
        expect.stringMatching(
          /^VerticalPodAutoscaler up is for v1 alone: .* v2 keeps the resources its template says/,
        ),
      ],
    ],
    [
      'objects of the switch that others keep as they are',
      { ownedBy: { apiVersion: 'shop.example/v1', kind: 'Shop', name: 'ours', uid: 'u', controller: true } },
      [
        'Deployment coffee-shop-v1 belongs to Shop ours, which may make it again when v1 is deleted',
        'VirtualService coffee-shop belongs to Shop ours, which may write its own routes over those of the switch, which then stops',
        'DestinationRule coffee-shop belongs to Shop ours, which may write its own subsets over those of the switch, which then stops',
      ],
    ],
    [
      'what the shares of a canary come to in each route, the parts of others counted',
      {
        canary: [5, 50],
        routes: {
          http: [
            {
              name: 'first',
              route: [
                { ...route[0], weight: 1 },
                { destination: { host: 'tea' }, weight: 1 },
              ],
            },
          ],
        },
      },
      [
        'With 5 % for v2: route "first": v1 47.5 %, v2 2.5 %, tea 50 %',
        'With 50 % for v2: route "first": v1 25 %, v2 25 %, tea 50 %',
        'With 100 % for v2: route "first": v2 50 %, tea 50 %',
      ],
    ],
    [
      'autoscalers that are large enough',
      { old: { replicas: 5 }, objects: { horizontalpodautoscalers: [autoscaler('v1', 5)] } },
      [],
    ],
  ];
  it.each(notes)('preflight of %s says what is worth knowing', async (_what, scene, words) => {
    expect(await look(scene)).toMatchObject({ notes: words });
  });
});
