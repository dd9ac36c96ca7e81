import { isObject } from '../../../storage/json.ts';
import type { PrinterColumn as Column, ResourceType } from '../../registry/resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import type { KubeObject, ResourceKey } from '../../../storage/types.ts';
import { selectorText } from '../../verbs/selectors.ts';
import { ageOf } from './duration.ts';
import { podCells, type PodForCells } from './pod-cells.ts';

type Cell = Column['cell'];

const NONE = '<none>';

/** The value at a path, or undefined: `status.podIP`. */
export function at(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.')) value = isObject(value) ? value[part] : undefined;
  return value;
}

const text = (object: unknown, path: string, otherwise = NONE): string => {
  const value = at(object, path);
  return typeof value === 'string' && value !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : otherwise;
};

const count = (object: unknown, path: string): number => {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
};

const listAt = (object: unknown, path: string): Record<string, unknown>[] => {
  const value = at(object, path);
  return Array.isArray(value) ? value.filter(isObject) : [];
};

const column = (name: string, cell: Cell, more: Partial<Column> = {}): Column => ({
  name,
  type: 'string',
  cell,
  ...more,
});
const integer = (name: string, path: string): Column => ({
  name,
  type: 'integer',
  cell: (object) => count(object, path),
});
const wide = (name: string, cell: Cell): Column => column(name, cell, { priority: 1 });

// A bookmark shown as a Table has an object without a name.
const name: Column = column('Name', (object) => text(object, 'metadata.name', ''), { format: 'name' });
const age: Column = column('Age', ({ metadata }) => ageOf(metadata.creationTimestamp));
const createdAt: Column = {
  name: 'Created At',
  type: 'date',
  cell: ({ metadata }) => metadata.creationTimestamp,
};

const podTemplate = [
  wide('Containers', (object) =>
    listAt(object, 'spec.template.spec.containers')
      .map((one) => text(one, 'name'))
      .join(','),
  ),
  wide('Images', (object) =>
    listAt(object, 'spec.template.spec.containers')
      .map((one) => text(one, 'image'))
      .join(','),
  ),
  wide('Selector', (object) =>
    selectorText(at(object, 'spec.selector') as Parameters<typeof selectorText>[0]),
  ),
];

const pods: Column[] = [
  name,
  column('Ready', (pod) => podCells(pod as PodForCells).ready),
  column('Status', (pod) => podCells(pod as PodForCells).status),
  column('Restarts', (pod) => podCells(pod as PodForCells).restarts),
  age,
  wide('IP', (pod) => text(pod, 'status.podIP')),
  wide('Node', (pod) => text(pod, 'spec.nodeName')),
  wide('Nominated Node', (pod) => text(pod, 'status.nominatedNodeName')),
  wide('Readiness Gates', (pod) => readinessGates(pod)),
];

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec.readinessGates');
  if (gates.length === 0) return NONE;
  const conditions = listAt(pod, 'status.conditions');
  const met = gates.filter((gate) =>
    conditions.some(({ type, status }) => type === gate['conditionType'] && status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

const labels = (selector: unknown): string =>
  isObject(selector) && Object.keys(selector).length > 0
    ? Object.entries(selector)
        .map(([key, value]) => `${key}=${value as string}`)
        .sort()
        .join(',')
    : NONE;

function servicePorts(service: KubeObject): string {
  const ports = listAt(service, 'spec.ports').map(({ port, nodePort, protocol }) => {
    const node = typeof nodePort === 'number' && nodePort > 0 ? `:${nodePort}` : '';
    return `${port as number}${node}/${protocol as string}`;
  });
  return ports.length === 0 ? NONE : ports.join(',');
}

function externalIp(service: KubeObject): string {
  const type = text(service, 'spec.type');
  const ingress = listAt(service, 'status.loadBalancer.ingress').map((one) =>
    text(one, 'ip', text(one, 'hostname')),
  );
  if (type === 'ExternalName') return text(service, 'spec.externalName');
  if (type === 'LoadBalancer') return ingress.length === 0 ? '<pending>' : ingress.join(',');
  return NONE;
}

const MAX_SHOWN = 3;

const shorten = (items: string[]): string =>
  items.length === 0
    ? '<unset>'
    : items.length <= MAX_SHOWN
      ? items.join(',')
      : `${items.slice(0, MAX_SHOWN).join(',')} + ${items.length - MAX_SHOWN} more...`;

const endpointSlices: Column[] = [
  name,
  column('AddressType', (slice) => text(slice, 'addressType')),
  column('Ports', (slice) =>
    shorten(listAt(slice, 'ports').map(({ port }) => (typeof port === 'number' ? String(port) : '*'))),
  ),
  column('Endpoints', (slice) =>
    shorten(
      listAt(slice, 'endpoints').flatMap(({ addresses }) =>
        Array.isArray(addresses) ? addresses.map(String) : [],
      ),
    ),
  ),
  age,
];

const lastSeen = (event: KubeObject): string => {
  const series =
    at(event, 'series.lastObservedTime') ??
    at(event, 'lastTimestamp') ??
    at(event, 'deprecatedLastTimestamp') ??
    at(event, 'eventTime');
  return ageOf(series ?? event.metadata.creationTimestamp);
};

const involved = (event: KubeObject) => at(event, 'involvedObject') ?? at(event, 'regarding');

function eventSource(event: KubeObject): string {
  const component = text(
    event,
    'source.component',
    text(event, 'reportingComponent', text(event, 'reportingController', '')),
  );
  const host = text(event, 'source.host', text(event, 'reportingInstance', ''));
  return host === '' ? component : `${component}, ${host}`;
}

const events: Column[] = [
  column('Last Seen', lastSeen),
  column('Type', (event) => text(event, 'type', '')),
  column('Reason', (event) => text(event, 'reason', '')),
  column(
    'Object',
    (event) => `${text(involved(event), 'kind', '').toLowerCase()}/${text(involved(event), 'name', '')}`,
  ),
  wide('Subobject', (event) => text(involved(event), 'fieldPath', '')),
  wide('Source', eventSource),
  column('Message', (event) => text(event, 'message', text(event, 'note', '')).trim()),
  wide('First Seen', (event) =>
    ageOf(at(event, 'firstTimestamp') ?? at(event, 'eventTime') ?? event.metadata.creationTimestamp),
  ),
  wide('Count', (event) => Math.max(count(event, 'count'), count(event, 'series.count'), 1)),
  { ...name, priority: 1 },
];

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status.conditions').find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec.unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  return roles.length === 0 ? NONE : roles.sort().join(',');
}

const nodeAddress = (node: KubeObject, type: string): string =>
  text(
    listAt(node, 'status.addresses').find((one) => one['type'] === type),
    'address',
  );

const nodes: Column[] = [
  name,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  age,
  column('Version', (node) => text(node, 'status.nodeInfo.kubeletVersion', '')),
  wide('Internal-IP', (node) => nodeAddress(node, 'InternalIP')),
  wide('External-IP', (node) => nodeAddress(node, 'ExternalIP')),
  wide('OS-Image', (node) => text(node, 'status.nodeInfo.osImage', '<unknown>')),
  wide('Kernel-Version', (node) => text(node, 'status.nodeInfo.kernelVersion', '<unknown>')),
  wide('Container-Runtime', (node) => text(node, 'status.nodeInfo.containerRuntimeVersion', '<unknown>')),
];

const entries = (object: KubeObject, ...paths: string[]): number =>
  paths.reduce(
    (sum, path) => sum + (isObject(at(object, path)) ? Object.keys(at(object, path) as object).length : 0),
    0,
  );

function hpaTargets(hpa: KubeObject): string {
  const targets = listAt(hpa, 'spec.metrics').map((metric) => {
    const resource = text(metric, 'resource.name', 'metric');
    const wanted = count(metric, 'resource.target.averageUtilization');
    const current = listAt(hpa, 'status.currentMetrics').find((one) => at(one, 'resource.name') === resource);
    const now = at(current, 'resource.current.averageUtilization');
    return `${resource}: ${typeof now === 'number' ? `${now}%` : '<unknown>'}/${wanted}%`;
  });
  return targets.length === 0 ? NONE : targets.join(', ');
}

function jobStatus(job: KubeObject): string {
  const condition = (wanted: string) =>
    listAt(job, 'status.conditions').some(({ type, status }) => type === wanted && status === 'True');
  if (condition('Complete')) return 'Complete';
  if (condition('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return condition('Suspended') ? 'Suspended' : 'Running';
}

const COLUMNS: Record<ResourceKey, Column[]> = {
  'v1/pods': pods,
  'v1/services': [
    name,
    column('Type', (service) => text(service, 'spec.type')),
    column('Cluster-IP', (service) => text(service, 'spec.clusterIP')),
    column('External-IP', externalIp),
    column('Port(s)', servicePorts),
    age,
    wide('Selector', (service) => labels(at(service, 'spec.selector'))),
  ],
  'v1/endpoints': [
    name,
    column('Endpoints', (endpoints) => {
      const sockets = listAt(endpoints, 'subsets').flatMap((subset) =>
        listAt(subset, 'addresses').flatMap(({ ip }) =>
          listAt(subset, 'ports').map(({ port }) => `${ip as string}:${port as number}`),
        ),
      );
      return sockets.length === 0 ? NONE : shorten(sockets);
    }),
    age,
  ],
  'v1/events': events,
  'v1/nodes': nodes,
  'v1/namespaces': [name, column('Status', (namespace) => text(namespace, 'status.phase', '')), age],
  'v1/configmaps': [name, column('Data', (configMap) => entries(configMap, 'data', 'binaryData')), age],
  'v1/secrets': [
    name,
    column('Type', (secret) => text(secret, 'type', '')),
    column('Data', (secret) => entries(secret, 'data')),
    age,
  ],
  'v1/serviceaccounts': [name, age],
  'apps/v1/deployments': [
    name,
    column(
      'Ready',
      (deployment) => `${count(deployment, 'status.readyReplicas')}/${count(deployment, 'spec.replicas')}`,
    ),
    column('Up-to-date', (deployment) => count(deployment, 'status.updatedReplicas')),
    column('Available', (deployment) => count(deployment, 'status.availableReplicas')),
    age,
    ...podTemplate,
  ],
  'apps/v1/replicasets': [
    name,
    integer('Desired', 'spec.replicas'),
    integer('Current', 'status.replicas'),
    integer('Ready', 'status.readyReplicas'),
    age,
    ...podTemplate,
  ],
  'apps/v1/statefulsets': [
    name,
    column('Ready', (set) => `${count(set, 'status.readyReplicas')}/${count(set, 'spec.replicas')}`),
    age,
    ...podTemplate.slice(0, 2),
  ],
  'batch/v1/jobs': [
    name,
    column('Status', jobStatus),
    column(
      'Completions',
      (job) => `${count(job, 'status.succeeded')}/${count(job, 'spec.completions') || 1}`,
    ),
    column('Duration', (job) => {
      const start = text(job, 'status.startTime', '');
      const end = text(job, 'status.completionTime', '');
      return start === '' ? '' : ageOf(start, end === '' ? Date.now() : Date.parse(end));
    }),
    age,
    ...podTemplate,
  ],
  'discovery.k8s.io/v1/endpointslices': endpointSlices,
  'coordination.k8s.io/v1/leases': [
    name,
    column('Holder', (lease) => text(lease, 'spec.holderIdentity', '')),
    age,
  ],
  'policy/v1/poddisruptionbudgets': [
    name,
    column('Min Available', (budget) => text(budget, 'spec.minAvailable', 'N/A')),
    column('Max Unavailable', (budget) => text(budget, 'spec.maxUnavailable', 'N/A')),
    integer('Allowed Disruptions', 'status.disruptionsAllowed'),
    age,
  ],
  'autoscaling/v2/horizontalpodautoscalers': [
    name,
    column(
      'Reference',
      (hpa) => `${text(hpa, 'spec.scaleTargetRef.kind')}/${text(hpa, 'spec.scaleTargetRef.name')}`,
    ),
    column('Targets', hpaTargets),
    column('MinPods', (hpa) => text(hpa, 'spec.minReplicas', '<unset>')),
    column('MaxPods', (hpa) => count(hpa, 'spec.maxReplicas')),
    column('Replicas', (hpa) => count(hpa, 'status.currentReplicas')),
    age,
  ],
  'networking.k8s.io/v1/networkpolicies': [
    name,
    column('Pod-Selector', (policy) => labels(at(policy, 'spec.podSelector.matchLabels'))),
    age,
  ],
  'networking.istio.io/v1/virtualservices': [
    name,
    column('Gateways', jsonCell('spec.gateways')),
    column('Hosts', jsonCell('spec.hosts')),
    { ...age, type: 'date' },
  ],
  'networking.istio.io/v1/destinationrules': [
    name,
    column('Host', jsonCell('spec.host')),
    { ...age, type: 'date' },
  ],
  'networking.istio.io/v1/serviceentries': [
    name,
    column('Hosts', jsonCell('spec.hosts')),
    column('Location', jsonCell('spec.location')),
    column('Resolution', jsonCell('spec.resolution')),
    { ...age, type: 'date' },
  ],
};

/** Cells of custom resources: text as it is, lists and objects as JSON, nothing as null. */
function jsonCell(path: string): Cell {
  return (object) => {
    const value = at(object, path);
    if (value === undefined || value === null) return null;
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
}

const fallback: Column[] = [name, createdAt];
const customFallback: Column[] = [name, { ...age, type: 'date' }];

/** Dates are shown as ages. */
const withAge = (column: Column): Column =>
  column.type === 'date' ? { ...column, cell: (object) => ageCell(column.cell(object)) } : column;

const ageCell = (time: string | number | null): string | null => (time === null ? null : ageOf(time));

/** The columns `kubectl get` shows for a type. */
export function columnsFor(type: ResourceType): Column[] {
  if (type.defined !== undefined) return [name, ...type.defined.columns.map(withAge)];
  return COLUMNS[type.view?.storage ?? resourceKey(type)] ?? (type.custom ? customFallback : fallback);
}
