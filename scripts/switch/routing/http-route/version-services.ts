/**
 * The Services of the versions. Each has the selector of the app's own Service and one more label, which
 * selects one version. Such a Service is to an HTTPRoute what a subset is to a VirtualService.
 */
import { includesAll } from '../../../shared/kubernetes.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { apiVersionOf, resources } from '../../../shared/resources.ts';
import { isMark } from '../../changes/marks.ts';

export interface VersionService {
  version: string;
  /** The label that selects the version's pods. */
  key: string;
  service: Service;
}

/** The label of the templates, for an app without version Services. */
const DEFAULT_LABEL = 'version';
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
const LABELS = [DEFAULT_LABEL, 'app.kubernetes.io/version'];

/** Label of a barrier, with the name of its app. See barrier.ts. */
export const BARRIER_LABEL = 'zero-downtime/barrier';

/** The version Services among the Services of a namespace, in their order. */
export function versionServicesOf(app: Service, services: readonly Service[]): VersionService[] {
  const { selector: common = {} } = app.spec;
  return services.flatMap((service): VersionService[] => {
    const { selector = {} } = service.spec;
    const { name, labels = {} } = service.metadata;
    if (name === app.metadata.name || labels[BARRIER_LABEL] !== undefined) return [];
    if (!includesAll(selector, common)) return [];
    const more = Object.entries(selector).filter(([key]) => common[key] === undefined);
    const [key, version] =
      more.find(([label]) => LABELS.includes(label)) ??
      more.find(([, value]) => name.endsWith(`-${asName(value)}`)) ??
      [];
    return key === undefined || version === undefined ? [] : [{ version, key, service }];
  });
}

/** The label whose value is the version, taken from the known version Services. */
export function labelKeyOf(known: readonly VersionService[]): string {
  return known[0]?.key ?? DEFAULT_LABEL;
}

/** The version of pods with these labels; undefined when they have none. */
export function versionOfLabels(
  labels: Readonly<Record<string, string>>,
  known: readonly VersionService[],
): string | undefined {
  const own = known.find(({ key, version }) => labels[key] === version);
  const keys = [...known.map(({ key }) => key), DEFAULT_LABEL];
  return own?.version ?? keys.map((key) => labels[key]).find((value) => value !== undefined);
}

/** The labels that select the version among the app's pods. */
export function versionLabels(app: Service, { service }: VersionService): Record<string, string> {
  const { selector: common = {} } = app.spec;
  const own = Object.entries(service.spec.selector ?? {}).filter(([key]) => common[key] === undefined);
  return Object.fromEntries(own);
}

/** Fields that the API server sets, or that only one Service can have. */
const OWN_TO_ONE = [
  'clusterIP',
  'clusterIPs',
  'healthCheckNodePort',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'loadBalancerIP',
  'loadBalancerClass',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
  'type',
];

/** The Service of a further version: a copy of another version's that selects this one's pods. */
export function serviceLike({ service, version: from }: VersionService, app: string, to: string): Service {
  const { name, labels, annotations } = service.metadata;
  const renamed = (map: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value === from ? to : value]));
  const copied = (map: Record<string, string> = {}) =>
    renamed(Object.fromEntries(Object.entries(map).filter(([key]) => !isMark(key))));
  const ending = `-${asName(from)}`;
  const stem = name.endsWith(ending) ? name.slice(0, -ending.length) : app;
  const { ports = [], selector = {}, ...spec } = service.spec;
  const kept = Object.entries(spec).filter(([field]) => !OWN_TO_ONE.includes(field));
  return {
    apiVersion: apiVersionOf(resources.services),
    kind: resources.services.kind,
    metadata: {
      name: `${stem}-${asName(to)}`,
      ...(labels ? { labels: copied(labels) } : {}),
      ...(annotations ? { annotations: copied(annotations) } : {}),
    },
    spec: {
      ...Object.fromEntries(kept),
      ports: ports.map((port) =>
        Object.fromEntries(Object.entries(port).filter(([field]) => field !== 'nodePort')),
      ) as Service['spec']['ports'] & object,
      selector: renamed(selector),
    },
  };
}

/** A version as part of a Service's name, which is a DNS label: `1.4.2` becomes `1-4-2`. */
export function asName(version: string): string {
  return version.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}
