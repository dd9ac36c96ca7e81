import { groupVersion, resourceKey } from '../../storage/resource-key.ts';
import type { ResourceKey } from '../../storage/types.ts';
import { AUTOSCALER_V1_VIEW } from './autoscaler-view.ts';
import type { ResourceType, Subresource, View } from './resource-type.ts';
import { EVENTS_VIEW, sameShape } from './views.ts';

const ALL = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const READ_WRITE = ['get', 'patch', 'update'];

const status = (kind: string): Subresource => ({ name: 'status', kind, verbs: READ_WRITE });
const scale: Subresource = {
  name: 'scale',
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: READ_WRITE,
};

interface Row {
  plural: string;
  kind: string;
  short?: string[];
  cluster?: true;
  all?: true;
  status?: true;
  scale?: true;
  generation?: true;
  verbs?: string[];
  more?: Subresource[];
  categories?: string[];
  singular?: string;
  view?: View;
  refusal?: string;
}

const noController = (kind: string): string =>
  `${kind}: there is no controller for it, its objects would do nothing. Use a Deployment`;

const core: Row[] = [
  { plural: 'bindings', kind: 'Binding', verbs: ['create'] },
  {
    plural: 'componentstatuses',
    kind: 'ComponentStatus',
    short: ['cs'],
    cluster: true,
    singular: 'componentstatus',
    verbs: ['get', 'list'],
  },
  { plural: 'configmaps', kind: 'ConfigMap', short: ['cm'] },
  { plural: 'endpoints', kind: 'Endpoints', short: ['ep'], singular: 'endpoints' },
  { plural: 'events', kind: 'Event', short: ['ev'] },
  { plural: 'limitranges', kind: 'LimitRange', short: ['limits'] },
  {
    plural: 'namespaces',
    kind: 'Namespace',
    short: ['ns'],
    cluster: true,
    status: true,
    verbs: ALL.filter((verb) => verb !== 'deletecollection'),
    more: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  },
  { plural: 'nodes', kind: 'Node', short: ['no'], cluster: true, status: true },
  { plural: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', short: ['pvc'], status: true },
  { plural: 'persistentvolumes', kind: 'PersistentVolume', short: ['pv'], cluster: true, status: true },
  {
    plural: 'pods',
    kind: 'Pod',
    short: ['po'],
    all: true,
    status: true,
    generation: true,
    more: [
      { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
      { name: 'binding', kind: 'Binding', verbs: ['create'] },
      { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
      { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
      { name: 'log', kind: 'Pod', verbs: ['get'] },
      { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
      { name: 'proxy', kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    ],
  },
  { plural: 'podtemplates', kind: 'PodTemplate' },
  {
    plural: 'replicationcontrollers',
    kind: 'ReplicationController',
    short: ['rc'],
    all: true,
    status: true,
    scale: true,
    generation: true,
    refusal: noController('ReplicationController'),
  },
  { plural: 'resourcequotas', kind: 'ResourceQuota', short: ['quota'], status: true },
  { plural: 'secrets', kind: 'Secret' },
  {
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    short: ['sa'],
    more: [
      {
        name: 'token',
        kind: 'TokenRequest',
        group: 'authentication.k8s.io',
        version: 'v1',
        verbs: ['create'],
      },
    ],
  },
  {
    plural: 'services',
    kind: 'Service',
    short: ['svc'],
    all: true,
    status: true,
    more: [
      {
        name: 'proxy',
        kind: 'ServiceProxyOptions',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
      },
    ],
  },
];

const apps: Row[] = [
  { plural: 'controllerrevisions', kind: 'ControllerRevision' },
  { plural: 'daemonsets', kind: 'DaemonSet', short: ['ds'], all: true, status: true, generation: true },
  {
    plural: 'deployments',
    kind: 'Deployment',
    short: ['deploy'],
    all: true,
    status: true,
    scale: true,
    generation: true,
  },
  {
    plural: 'replicasets',
    kind: 'ReplicaSet',
    short: ['rs'],
    all: true,
    status: true,
    scale: true,
    generation: true,
  },
  {
    plural: 'statefulsets',
    kind: 'StatefulSet',
    short: ['sts'],
    all: true,
    status: true,
    scale: true,
    generation: true,
  },
];

const hpa: Row = {
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  short: ['hpa'],
  all: true,
  status: true,
};
const review = (plural: string, kind: string, cluster = true): Row => ({
  plural,
  kind,
  verbs: ['create'],
  ...(cluster ? { cluster: true as const } : {}),
});

const istioNetworking: Row[] = [
  { plural: 'destinationrules', kind: 'DestinationRule', short: ['dr'] },
  { plural: 'envoyfilters', kind: 'EnvoyFilter' },
  { plural: 'gateways', kind: 'Gateway', short: ['gw'] },
  { plural: 'proxyconfigs', kind: 'ProxyConfig' },
  { plural: 'serviceentries', kind: 'ServiceEntry', short: ['se'], singular: 'serviceentry' },
  { plural: 'sidecars', kind: 'Sidecar' },
  { plural: 'virtualservices', kind: 'VirtualService', short: ['vs'] },
  { plural: 'workloadentries', kind: 'WorkloadEntry', short: ['we'], singular: 'workloadentry' },
  { plural: 'workloadgroups', kind: 'WorkloadGroup', short: ['wg'] },
].map((row) => ({ ...row, status: true, generation: true, categories: ['istio-io', 'networking-istio-io'] }));

const istioSecurity: Row[] = [
  {
    plural: 'authorizationpolicies',
    kind: 'AuthorizationPolicy',
    short: ['ap'],
    singular: 'authorizationpolicy',
  },
  { plural: 'peerauthentications', kind: 'PeerAuthentication', short: ['pa'] },
  { plural: 'requestauthentications', kind: 'RequestAuthentication', short: ['ra'] },
].map((row) => ({ ...row, status: true, generation: true, categories: ['istio-io', 'security-istio-io'] }));

/** Istio's older versions are the same objects under another name. */
function withOlderVersions(group: string, [newest = '', ...older]: string[], rows: Row[]): Group[] {
  return [
    { group, version: newest, custom: true, rows },
    ...older.map((version) => ({
      group,
      version,
      custom: true as const,
      rows: rows.map((row) => ({
        ...row,
        view: sameShape(resourceKey({ group, version: newest, plural: row.plural })),
      })),
    })),
  ];
}

interface Group {
  group: string;
  version: string;
  custom?: true;
  rows: Row[];
}

/** Order as discovery lists the groups. */
const GROUPS: Group[] = [
  { group: '', version: 'v1', rows: core },
  { group: 'apps', version: 'v1', rows: apps },
  {
    group: 'events.k8s.io',
    version: 'v1',
    rows: [{ plural: 'events', kind: 'Event', short: ['ev'], view: EVENTS_VIEW }],
  },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    rows: [review('selfsubjectreviews', 'SelfSubjectReview'), review('tokenreviews', 'TokenReview')],
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    rows: [
      review('localsubjectaccessreviews', 'LocalSubjectAccessReview', false),
      review('selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
      review('selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
      review('subjectaccessreviews', 'SubjectAccessReview'),
    ],
  },
  { group: 'autoscaling', version: 'v2', rows: [hpa] },
  { group: 'autoscaling', version: 'v1', rows: [{ ...hpa, view: AUTOSCALER_V1_VIEW }] },
  {
    group: 'batch',
    version: 'v1',
    rows: [
      { plural: 'cronjobs', kind: 'CronJob', short: ['cj'], all: true, status: true, generation: true },
      { plural: 'jobs', kind: 'Job', all: true, status: true, generation: true },
    ],
  },
  {
    group: 'networking.k8s.io',
    version: 'v1',
    rows: [
      {
        plural: 'ingressclasses',
        kind: 'IngressClass',
        cluster: true,
        generation: true,
        singular: 'ingressclass',
      },
      {
        plural: 'ingresses',
        kind: 'Ingress',
        short: ['ing'],
        status: true,
        generation: true,
        singular: 'ingress',
      },
      {
        plural: 'networkpolicies',
        kind: 'NetworkPolicy',
        short: ['netpol'],
        generation: true,
        singular: 'networkpolicy',
      },
    ],
  },
  {
    group: 'policy',
    version: 'v1',
    rows: [
      {
        plural: 'poddisruptionbudgets',
        kind: 'PodDisruptionBudget',
        short: ['pdb'],
        status: true,
        generation: true,
      },
    ],
  },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    rows: [
      { plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true },
      { plural: 'clusterroles', kind: 'ClusterRole', cluster: true },
      { plural: 'rolebindings', kind: 'RoleBinding' },
      { plural: 'roles', kind: 'Role' },
    ],
  },
  {
    group: 'storage.k8s.io',
    version: 'v1',
    rows: [
      {
        plural: 'storageclasses',
        kind: 'StorageClass',
        short: ['sc'],
        cluster: true,
        singular: 'storageclass',
      },
    ],
  },
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    rows: [
      {
        plural: 'customresourcedefinitions',
        kind: 'CustomResourceDefinition',
        short: ['crd', 'crds'],
        categories: ['api-extensions'],
        cluster: true,
        status: true,
        generation: true,
      },
    ],
  },
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    rows: [
      {
        plural: 'priorityclasses',
        kind: 'PriorityClass',
        short: ['pc'],
        cluster: true,
        generation: true,
        singular: 'priorityclass',
      },
    ],
  },
  { group: 'coordination.k8s.io', version: 'v1', rows: [{ plural: 'leases', kind: 'Lease' }] },
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    rows: [{ plural: 'endpointslices', kind: 'EndpointSlice', generation: true }],
  },
  ...withOlderVersions('networking.istio.io', ['v1', 'v1beta1', 'v1alpha3'], istioNetworking),
  ...withOlderVersions('security.istio.io', ['v1', 'v1beta1'], istioSecurity),
];

const DELETE_RETURNS_OBJECT = new Set([
  'v1/pods',
  'v1/services',
  'v1/namespaces',
  'v1/nodes',
  'v1/serviceaccounts',
]);
const CONDITIONAL_UPDATE_ONLY = new Set(['coordination.k8s.io/v1/leases']);
function toType(group: string, version: string, custom: boolean, row: Row): ResourceType {
  const key = resourceKey({ group, version, plural: row.plural });
  return {
    group,
    version,
    plural: row.plural,
    singular: row.singular ?? row.kind.toLowerCase(),
    kind: row.kind,
    namespaced: row.cluster !== true,
    verbs: row.verbs ?? ALL,
    shortNames: row.short ?? [],
    categories: row.categories ?? (row.all ? ['all'] : []),
    subresources: [
      ...(row.more ?? []),
      ...(row.scale ? [scale] : []),
      ...(row.status ? [status(row.kind)] : []),
    ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    custom,
    unconditionalUpdate: !custom && !CONDITIONAL_UPDATE_ONLY.has(key),
    hasGeneration: row.generation === true,
    deleteReturnsObject: DELETE_RETURNS_OBJECT.has(key),
    ...(row.view === undefined ? {} : { view: row.view }),
    ...(row.refusal === undefined ? {} : { refusal: row.refusal }),
  };
}

/**
 * The resource types of one server. Starts with the built-in ones and
 * Istio's; CustomResourceDefinitions add to it.
 */
export class Registry {
  private readonly types = new Map<ResourceKey, ResourceType>();
  /** Goes up when a type comes or goes, so that answers built from the registry can be cached. */
  revision = 0;

  constructor() {
    for (const { group, version, custom, rows } of GROUPS) {
      for (const row of rows) this.add(toType(group, version, custom === true, row));
    }
  }

  add(type: ResourceType): void {
    this.types.set(resourceKey(type), type);
    this.revision += 1;
  }

  remove(key: ResourceKey): void {
    if (this.types.delete(key)) this.revision += 1;
  }

  find(key: ResourceKey): ResourceType | undefined {
    return this.types.get(key);
  }

  findKind(apiVersion: string, kind: string): ResourceType | undefined {
    for (const type of this.types.values()) {
      if (type.kind === kind && groupVersion(type) === apiVersion) return type;
    }
    return undefined;
  }

  all(): ResourceType[] {
    return [...this.types.values()];
  }

  /** Group versions in discovery order, the preferred version of a group first. */
  groups(): { group: string; versions: string[] }[] {
    const groups = new Map<string, string[]>();
    for (const { group, version } of this.types.values()) {
      const versions = groups.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      groups.set(group, versions);
    }
    const all = [...groups].map(([group, versions]) => ({ group, versions }));
    // Those of custom resources come last, by name, and the most stable of their versions first.
    const custom = new Set(this.all().flatMap((type) => (type.custom ? [type.group] : [])));
    const isCustom = ({ group }: { group: string }) => custom.has(group);
    return [
      ...all.filter((one) => !isCustom(one)),
      ...all
        .filter(isCustom)
        .map(({ group, versions }) => ({ group, versions: versions.sort(byStability) }))
        .sort((a, b) => (a.group < b.group ? -1 : 1)),
    ];
  }
}

/**
 * v10, v2, v1, v11beta2, v10beta3, v3alpha1, foo:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
 */
function byStability(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (parts === null) return undefined;
    const [, major = '', stage, minor = '0'] = parts;
    return [stage === undefined ? 3 : stage === 'beta' ? 2 : 1, Number(major), Number(minor)];
  });
  if (left === undefined || right === undefined)
    return left === right ? (a < b ? -1 : 1) : left === undefined ? 1 : -1;
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : (right[at] ?? 0) - (left[at] ?? 0);
}
