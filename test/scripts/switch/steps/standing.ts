/**
 * A coffee-shop of v1 in memory: what a step reads and writes there,
 * and what it asks of the proxies, without any of them.
 */
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import type { Cluster, ListOptions } from '../../../../scripts/shared/cluster/cluster.ts';
import { systemClock } from '../../../../scripts/shared/clock.ts';
import type { Deployment, KubernetesObject, Service } from '../../../../scripts/shared/kubernetes.ts';
import { apiVersionOf, knownResourceOf, resources } from '../../../../scripts/shared/resources.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import { describeChange } from '../../../../scripts/switch/changes/describe-change.ts';
import { mergePatch } from '../../../../scripts/shared/merge-patch.ts';
import type { SwitchRecord } from '../../../../scripts/switch/lock/switch-record.ts';
import { scaledObjects as scaledObjectKind } from '../../../../scripts/switch/changes/scaled-object.ts';
import type { Operation } from '../../../../scripts/switch/operation.ts';
import { silentReporter } from '../../../../scripts/switch/command/reporter.ts';
import { createContext } from '../../../../scripts/switch/context.ts';
import type { Run, SwitchContext } from '../../../../scripts/switch/context.ts';
import type { Mesh } from '../../../../scripts/switch/proofs/mesh.ts';
import type { Prover } from '../../../../scripts/switch/proofs/prover.ts';
import type { QuietWatch } from '../../../../scripts/switch/proofs/quiet-watch.ts';
import type { RouteId } from '../../../../scripts/switch/routing/traffic-routing.ts';
import { StepFailed, perform } from '../../../../scripts/switch/perform.ts';
import { phasesOf } from '../../../../scripts/switch/step.ts';
import type { NamedPart, Part } from '../../../../scripts/switch/step.ts';
import { switchOperation } from '../../../../scripts/switch/switch-operation.ts';
import type { SwitchOptions } from '../../../../scripts/switch/types.ts';

const APP = 'coffee-shop';

const resourceOf = (object: KubernetesObject): Resource | undefined =>
  object.kind === scaledObjectKind.kind ? scaledObjectKind : knownResourceOf(object);

export function deployment(version: string, replicas = 2, more: object = {}): Deployment {
  return {
    metadata: { name: `${APP}-${version}`, uid: `uid-${version}`, generation: 1 },
    spec: {
      replicas,
      selector: {},
      template: {
        metadata: { labels: { app: APP, version } },
        spec: { containers: [{ name: APP }] },
      },
      ...more,
    },
    status: { observedGeneration: 1, replicas, updatedReplicas: replicas, readyReplicas: replicas },
  };
}

/** As it serves before it is adopted: its pods bear no version. */
export function plainDeployment(replicas = 2, more: object = {}): Deployment {
  const { metadata, spec, ...rest } = deployment('plain', replicas);
  const template = { metadata: { labels: { app: APP } }, spec: spec.template.spec };
  return { ...rest, metadata: { ...metadata, name: APP }, spec: { ...spec, template, ...more } };
}

export function autoscaler(version: string, minReplicas: number, floor?: string): KubernetesObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: `${APP}-${version}`,
      annotations: floor === undefined ? {} : { 'zero-downtime/min-replicas': floor },
    },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: `${APP}-${version}` },
      minReplicas,
      maxReplicas: 9,
    },
  };
}

/** @param annotations of KEDA's and of ours: its pause */
export function scaledObject(version: string, annotations: Record<string, string> = {}): KubernetesObject {
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: `${APP}-${version}`, annotations },
    spec: { scaleTargetRef: { name: `${APP}-${version}` }, minReplicaCount: 1, maxReplicaCount: 9 },
  };
}

export const subset = (version: string) => ({ name: version, labels: { version } });
export const route = (...versions: string[]) => ({
  name: 'main',
  route: versions.map((version) => ({ destination: { host: APP, subset: version } })),
});

export interface Scene {
  /** In the DestinationRule; null: there is none. Default: v1. */
  subsets?: object[] | null;
  /** Null: there is no VirtualService. */
  routes?: object[] | null;
  /** What is run. Default: a switch from v1 to v2. */
  operation?: Pick<Operation, 'readState' | 'whoServes' | 'remember' | 'words'>;
  versions?: { from: string; to: string };
  /** Of the Service, besides its selector. */
  service?: Partial<Service['spec']>;
  /** In the place of the VirtualService and the DestinationRule: what else leads the traffic. */
  instead?: { resource: Resource; object: KubernetesObject }[];
  deployments?: Deployment[];
  autoscalers?: KubernetesObject[];
  /** KEDA's. */
  scaledObjects?: KubernetesObject[];
  /** What the template set makes of a version besides its Deployment. */
  others?: (version: string) => KubernetesObject[];
  /** Of the record of a run before this one. */
  before?: { deployment: boolean; subset: boolean };
  /** Of the routes, by the same record. */
  remembered?: RouteId[];
  /** Every proxy is known to have the subsets as they are. Default: yes. */
  isProven?: boolean;
  options?: Partial<SwitchOptions>;
  prover?: Partial<Prover>;
  renewLease?: () => Promise<void>;
}

/** The world and the log of what was done to it and asked of it, in order. */
export async function standing({
  subsets = [subset('v1')],
  routes = [route('v1')],
  instead,
  deployments = [deployment('v1')],
  autoscalers = [],
  scaledObjects = [],
  others = () => [],
  before,
  remembered,
  operation = switchOperation,
  versions: { from, to } = { from: 'v1', to: 'v2' },
  service: more = {},
  isProven = true,
  options = {},
  prover = {},
  renewLease = () => Promise.resolve(),
}: Scene = {}) {
  const log: string[] = [];
  /** Each write of a step renews the lock right before; what does not is somebody else's. */
  const write = (text: string) => {
    if (log.at(-1) === 'renew') log[log.length - 1] = text;
    else log.push(`somebody else: ${text}`);
  };
  const objects = new Map<string, KubernetesObject>();
  const keyOf = ({ plural }: Resource, name: string) => `${plural} ${name}`;
  const put = (resource: Resource, object: KubernetesObject) => {
    const { resourceVersion = '0' } = object.metadata;
    const { generation = 0 } = object.metadata;
    const counted = resource === resources.destinationRules ? { generation: generation + 1 } : {};
    const stored = {
      ...object,
      metadata: { ...object.metadata, ...counted, resourceVersion: `${Number(resourceVersion) + 1}` },
    };
    objects.set(keyOf(resource, object.metadata.name), stored);
    return stored;
  };
  const service: Service = {
    metadata: { name: APP },
    spec: { selector: { app: APP }, ports: [{ port: 80, targetPort: 8080 }], ...more },
  };
  put(resources.services, service);
  for (const { resource, object } of instead ?? []) put(resource, object);
  if (routes && !instead)
    put(resources.virtualServices, { metadata: { name: APP }, spec: { hosts: [APP], http: routes } });
  if (subsets && !instead)
    put(resources.destinationRules, { metadata: { name: APP, uid: 'rule-1' }, spec: { host: APP, subsets } });
  for (const one of deployments) put(resources.deployments, one);
  for (const one of autoscalers) put(resources.horizontalPodAutoscalers, one);
  for (const one of scaledObjects) put(scaledObjectKind, one);

  /** Each Deployment has its pods at once. */
  const pods = (): KubernetesObject[] =>
    [...objects.values()].flatMap((object) => {
      const { replicas = 0, template } = (object as Deployment).spec;
      if (object.metadata.uid?.startsWith('uid-') !== true) return [];
      return Array.from({ length: replicas }, (_, index) => ({
        metadata: {
          name: `${object.metadata.name}-${index}`,
          labels: { ...template.metadata?.labels, 'pod-template-hash': `hash-of-${object.metadata.name}` },
        },
        spec: template.spec,
        status: { podIP: `10.0.0.${index}`, conditions: [{ type: 'Ready', status: 'True' }] },
      }));
    });
  const settle = (object: KubernetesObject): KubernetesObject => {
    const { replicas } = (object as Deployment).spec;
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas };
    return object.metadata.name && 'template' in (object['spec'] as object)
      ? { ...object, status: { observedGeneration: object.metadata.generation ?? 0, ...counts } }
      : object;
  };
  const cluster = {
    context: 'memory',
    namespace: 'shop',
    resourceOf: (object: KubernetesObject) => Promise.resolve(resourceOf(object)),
    get: (resource: Resource, name: string) => Promise.resolve(objects.get(keyOf(resource, name))),
    list: (resource: Resource, { labelSelector = '' }: ListOptions = {}) => {
      const wanted = labelSelector.split(',').filter((pair) => pair !== '');
      const found =
        resource.plural === 'pods'
          ? pods()
          : [...objects].filter(([key]) => key.startsWith(`${resource.plural} `)).map(([, object]) => object);
      return Promise.resolve(
        found.filter(({ metadata: { labels = {} } }) =>
          wanted.every((pair) => labels[pair.split('=')[0] ?? ''] === pair.split('=')[1]),
        ),
      );
    },
    apply: (object: KubernetesObject) => {
      const resource = resourceOf(object) ?? resources.configMaps;
      write(`apply ${resource.kind} ${object.metadata.name}`);
      return Promise.resolve(put(resource, settle(object)));
    },
    patch: (resource: Resource, name: string, patch: Partial<KubernetesObject>) => {
      const { resourceVersion } = patch.metadata ?? {};
      const isStale = resourceVersion !== objects.get(keyOf(resource, name))?.metadata.resourceVersion;
      if (resourceVersion !== undefined && isStale)
        return Promise.reject(
          new ClusterError('the object has been modified', { status: 409, reason: 'Conflict' }),
        );
      write(`patch ${resource.kind} ${name}`);
      const patched = mergePatch(objects.get(keyOf(resource, name)), patch) as KubernetesObject;
      return Promise.resolve(put(resource, settle(patched)));
    },
    delete: (resource: Resource, name: string) => {
      write(`delete ${resource.kind} ${name}`);
      objects.delete(keyOf(resource, name));
      return Promise.resolve();
    },
    forward: () => ({
      request: () => Promise.resolve({ status: 200, headers: {}, body: '' }),
      close: () => undefined,
    }),
  } as unknown as Cluster;

  const proven = (what: string) => {
    log.push(what);
    return Promise.resolve({ proxies: 3 });
  };
  const watch = (version: string) => ({ version }) as QuietWatch;
  const asked: Prover = {
    endpoints: ({ version }) => proven(`prove A ${version}`),
    routes: async ({ leaving }) => ({
      ...(await proven(`prove B${leaving ? `, beginning C ${leaving.version}` : ''}`)),
      ...(leaving ? { watch: watch(leaving.version) } : {}),
    }),
    quiet: ({ version }, _deadline, begun) => proven(`prove C ${version}${begun ? ', begun with B' : ''}`),
    gone: ({ version }) => proven(`prove ${version} gone`),
    ...prover,
  };
  const run: Run = {
    options: {
      cluster,
      app: APP,
      clusterFile: 'istio/cluster.yaml',
      prover: asked,
      renderSet: (_file, { version = '', replicas = '1' }) =>
        Promise.resolve([
          {
            apiVersion: apiVersionOf(resources.deployments),
            kind: 'Deployment',
            ...deployment(version, Number(replicas)),
          },
          ...others(version),
        ]),
      ...options,
    },
    cluster,
    clock: systemClock,
    createId: () => '0123abcd',
    mesh: {} as Mesh,
    reporter: { ...silentReporter, note: (text) => void log.push(`note ${text}`) },
    signal: new AbortController().signal,
    words: operation.words,
    readState: () => operation.readState(cluster, APP),
    whoServes: () => operation.whoServes(cluster, APP),
    remember: (found) => operation.remember?.(found) ?? {},
    renewLease: () => {
      log.push('renew');
      return renewLease();
    },
    inBackground: () => undefined,
    steps: [],
    startedMs: 0,
  };
  const record: SwitchRecord | undefined = before && {
    id: '0123abcd',
    from,
    to,
    phase: 'running',
    startedAt: '2026-11-30T12:00:00.000Z',
    before,
    routes: remembered,
  };
  // Somebody has written it since, and no record says that it was proven.
  const rule = objects.get(keyOf(resources.destinationRules, APP));
  if (!isProven && rule) put(resources.destinationRules, rule);
  const state = await operation.readState(cluster, APP);
  const work = { kind: 'switch' as const, from, to, record };
  const context: SwitchContext = await createContext(run, state, work);
  return { cluster, context, log, run, state };
}

/** A step of which only this part is looked at: its undo, for instance. */
export const named = (part: Part | undefined, name = 'undo'): NamedPart => {
  if (part === undefined) throw new Error('there is no such part');
  return { ...part, name };
};

/** What the part would write, as the dry run shows it, in the world as it stands. */
export async function changesOf(part: Part, context: SwitchContext): Promise<string[]> {
  const all = await Promise.all(phasesOf(part).map(async (phase) => (await phase.changes?.(context)) ?? []));
  return all.flat().flatMap((change) => describeChange(change));
}

/** Runs it; why it failed, where it did. */
export async function failureOf(context: SwitchContext, part: NamedPart): Promise<unknown> {
  const error = await perform(context, part).catch((caught: unknown) => caught);
  return error instanceof StepFailed ? error.cause : undefined;
}
