import type { EndpointSlice, SliceEndpoint, SlicePort } from '../network/endpoint-rules.ts';
import { hasCondition, isFinished, resolvePort, type Pod } from '../pod-types.ts';
import type { KubeObject } from '../storage/types.ts';
import { canonicalJson } from './canonical.ts';
import { timestamp, type Controller, type ControllerContext } from './context.ts';
import { keyOf, splitKey } from './work-queue.ts';

export type Service = KubeObject<{
  type?: string;
  selector?: Record<string, string>;
  publishNotReadyAddresses?: boolean;
  ports?: {
    name?: string;
    protocol?: string;
    port: number;
    targetPort?: number | string;
    appProtocol?: string;
  }[];
}>;

const RESOURCE = 'discovery.k8s.io/v1/endpointslices';
const MANAGED_BY = 'endpointslice-controller.k8s.io';

/** Keeps the EndpointSlices of each Service with a selector. Pods of one port mapping share a slice. */
export function startEndpointSliceController(context: ControllerContext): Controller {
  const { store } = context;
  const queue = context.queue('endpoint-slice-controller', context.delays.endpointSlice, sync);
  /** namespace -> services with a selector, so that a pod's change touches only its own namespace. */
  const services = new Map<string, Map<string, Service>>();
  /** pod uid -> labels as last seen: a pod that changes its labels leaves Services too. */
  const seen = new Map<string, Record<string, string>>();

  const stopServices = store.watch<Service>('v1/services', {}, ({ type, object }) => {
    const { namespace = '', name } = object.metadata;
    const known = services.get(namespace) ?? new Map<string, Service>();
    services.set(namespace, known);
    if (type === 'DELETED') known.delete(name);
    else known.set(name, object);
    queue.add(keyOf(object));
  });
  const stopPods = store.watch<Pod>('v1/pods', {}, ({ type, object }) => {
    const { namespace = '', uid, labels = {} } = object.metadata;
    const before = seen.get(uid) ?? labels;
    if (type === 'DELETED') seen.delete(uid);
    else seen.set(uid, labels);
    for (const service of services.get(namespace)?.values() ?? []) {
      if (selects(service, labels) || selects(service, before)) queue.add(keyOf(service));
    }
  });

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const service = store.get<Service>('v1/services', namespace, name);
    // Slices of a Service that is gone are collected with it.
    const selector = service?.spec?.selector;
    if (service === undefined || selector === undefined || service.metadata.deletionTimestamp !== undefined)
      return;
    const pods = store.list<Pod>('v1/pods', { namespace, labels: selector });
    const wanted = slicesOf(service, pods);
    const existing = store
      .list<EndpointSlice>(RESOURCE, { namespace, labels: { 'kubernetes.io/service-name': name } })
      .filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === MANAGED_BY);
    reconcile(service, wanted, existing);
  }

  function reconcile(service: Service, wanted: WantedSlice[], existing: EndpointSlice[]): void {
    const { namespace = '', name, uid } = service.metadata;
    const free = [...existing];
    const unmatched: WantedSlice[] = [];
    for (const slice of wanted) {
      const index = free.findIndex(
        (candidate) =>
          candidate.ports === null || canonicalJson(candidate.ports) === canonicalJson(slice.ports),
      );
      const match = index < 0 ? undefined : free.splice(index, 1)[0];
      if (match === undefined) unmatched.push(slice);
      else write(match, slice);
    }
    for (const slice of unmatched) {
      const reuse = free.shift();
      if (reuse !== undefined) {
        write(reuse, slice);
        continue;
      }
      store.create(RESOURCE, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          generateName: `${name}-`,
          namespace,
          labels: {
            'endpointslice.kubernetes.io/managed-by': MANAGED_BY,
            'kubernetes.io/service-name': name,
          },
          annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': timestamp() },
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true },
          ],
        },
        addressType: 'IPv4',
        ...slice,
      });
    }
    for (const slice of free) store.delete(RESOURCE, namespace, slice.metadata.name);
  }

  function write(slice: EndpointSlice, { endpoints, ports }: WantedSlice): void {
    if (canonicalJson([slice.endpoints, slice.ports]) === canonicalJson([endpoints, ports])) return;
    store.mutate<EndpointSlice>(RESOURCE, slice.metadata.namespace, slice.metadata.name, (draft) => {
      draft.endpoints = endpoints;
      draft.ports = ports;
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        'endpoints.kubernetes.io/last-change-trigger-time': timestamp(),
      };
    });
  }

  return {
    close() {
      stopServices();
      stopPods();
      queue.close();
    },
  };
}

function selects({ spec }: Service, labels: Record<string, string>): boolean {
  return (
    spec?.selector !== undefined &&
    Object.entries(spec.selector).every(([key, value]) => labels[key] === value)
  );
}

interface WantedSlice {
  endpoints: SliceEndpoint[] | null;
  ports: SlicePort[] | null;
}

/**
 * The slices a Service should have: pods whose ports resolve alike together; none yet makes one empty slice.
 */
export function slicesOf(service: Service, pods: readonly Pod[]): WantedSlice[] {
  const groups = new Map<string, { endpoints: SliceEndpoint[]; ports: SlicePort[] }>();
  for (const pod of pods) {
    if (isFinished(pod) || pod.status?.podIP === undefined) continue;
    const ports = (service.spec?.ports ?? []).flatMap((port) => {
      const number = resolvePort(port.targetPort ?? port.port, pod.spec?.containers ?? []);
      if (number === undefined) return [];
      return [
        {
          name: port.name ?? '',
          protocol: port.protocol ?? 'TCP',
          port: number,
          ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
        },
      ];
    });
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { endpoints: [], ports };
    group.endpoints.push(endpointOf(pod, service.spec?.publishNotReadyAddresses ?? false));
    groups.set(key, group);
  }
  return groups.size === 0 ? [{ endpoints: null, ports: null }] : [...groups.values()];
}

/**
 * Conditions of a pod's endpoint: `terminating` is the
 * deletionTimestamp, not a probe; `serving` is the probe alone.
 */
export function endpointOf(pod: Pod, publishNotReady = false): SliceEndpoint {
  const serving = hasCondition(pod, 'Ready');
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: publishNotReady || (serving && !terminating), serving, terminating },
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
  };
}
