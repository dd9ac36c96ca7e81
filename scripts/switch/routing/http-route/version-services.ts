/**
 * The Services of the versions: each selects what the app's own Service selects, and by one label more the
 * pods of one version. What a subset is to a VirtualService, such a Service is to an HTTPRoute.
 */
import { includesAll } from '../../../shared/kubernetes.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { apiVersionOf, resources } from '../../../shared/resources.ts';
import { isMark } from '../../changes/marks.ts';

export interface VersionService {
  version: string;
  /** The label that tells the version's pods from others. */
  key: string;
  service: Service;
}

/** What the templates have, where no Service says otherwise. */
const DEFAULT_LABEL = 'version';
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
const LABELS = [DEFAULT_LABEL, 'app.kubernetes.io/version'];

/** On a Service that is none of a version: which app's, see barrier.ts. */
export const BARRIER_LABEL = 'zero-downtime/barrier';

/** Those among the Services of a namespace, in their order. */
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

/** The label whose value is the version, where there is no Service that would say so. */
export function labelKeyOf(known: readonly VersionService[]): string {
  return known[0]?.key ?? DEFAULT_LABEL;
}

/** The version of pods with these labels; undefined when they are of none. */
export function versionOfLabels(
  labels: Readonly<Record<string, string>>,
  known: readonly VersionService[],
): string | undefined {
  const own = known.find(({ key, version }) => labels[key] === version);
  const keys = [...known.map(({ key }) => key), DEFAULT_LABEL];
  return own?.version ?? keys.map((key) => labels[key]).find((value) => value !== undefined);
}

/** What tells the pods of the version from the app's others. */
export function versionLabels(app: Service, { service }: VersionService): Record<string, string> {
  const { selector: common = {} } = app.spec;
  const own = Object.entries(service.spec.selector ?? {}).filter(([key]) => common[key] === undefined);
  return Object.fromEntries(own);
}

/** What the server fills in, or keeps to one Service alone. */
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

/** The Service of one more version: like that of another one, for the pods of this. */
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

/** A version as a part of a Service's name, which is a DNS label: `1.4.2` is `1-4-2` there. */
export function asName(version: string): string {
  return version.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}
