import { isObject, type JsonObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import { forbidden, invalidValue, type FieldError } from '../../status-error.ts';
import type { KubeObject } from '../../../storage/types.ts';
import type { AdmissionStore } from './admission-store.ts';
import { findings, LEVELS, type Level } from './pod-security-checks.ts';

/**
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/:
 * a namespace's labels say which standard it enforces.
 */

type Labels = Record<string, string | undefined>;

const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

const labelsOf = (namespace: KubeObject | undefined): Labels => namespace?.metadata.labels ?? {};

const isLevel = (value: unknown): value is Level => LEVELS.includes(value as Level);

interface Policy {
  level: Level;
  version: string;
}

/** Who does not say what to warn of is warned of what is enforced. */
function policyOf(labels: Labels, mode: 'enforce' | 'warn'): Policy {
  const own = labels[PREFIX + mode];
  const isLikeEnforced = mode === 'warn' && own === undefined;
  const level = isLikeEnforced ? labels[`${PREFIX}enforce`] : own;
  const version =
    labels[`${PREFIX}${mode}-version`] ?? (isLikeEnforced ? labels[`${PREFIX}enforce-version`] : undefined);
  return { level: isLevel(level) ? level : 'privileged', version: version ?? 'latest' };
}

const policyIn = (store: AdmissionStore, namespace: string, mode: 'enforce' | 'warn'): Policy =>
  policyOf(labelsOf(store.get('v1/namespaces', undefined, namespace)), mode);

/**
 * `violates PodSecurity "restricted:latest": …` without its verb, or
 * undefined when the pod keeps to the level.
 */
function violation(spec: JsonObject, { level, version }: Policy): string | undefined {
  const faults = findings(spec, level, version);
  return faults.length === 0 ? undefined : `PodSecurity "${level}:${version}": ${faults.join(', ')}`;
}

/** @throws 403 when the namespace enforces a level the pod does not keep to */
export function checkPodSecurity(store: AdmissionStore, type: ResourceType, pod: JsonObject): void {
  const metadata = objectOf(pod['metadata']);
  const fault = violation(objectOf(pod['spec']), policyIn(store, String(metadata['namespace']), 'enforce'));
  if (fault !== undefined) throw forbidden(type, String(metadata['name']), `violates ${fault}`);
}

/** The labels of a namespace that name no level or no version. */
export function levelFaults(namespace: JsonObject, previous: KubeObject | undefined): FieldError[] {
  const faultsIn = (labels: Labels): FieldError[] =>
    MODES.flatMap((mode) => {
      const [level, version] = [PREFIX + mode, `${PREFIX}${mode}-version`];
      const fault = (label: string, why: string) =>
        invalidValue(`metadata.labels[${label}]`, labels[label], why);
      return [
        ...(labels[level] === undefined || isLevel(labels[level])
          ? []
          : [fault(level, `must be one of ${LEVELS.join(', ')}`)]),
        ...(labels[version] === undefined || /^(latest|v1\.(0|[1-9]\d*))$/.test(labels[version])
          ? []
          : [fault(version, 'must be "latest" or "v1.x"')]),
      ];
    });
  const faults = faultsIn(labelsOf(namespace as unknown as KubeObject));
  const known = previous === undefined ? [] : faultsIn(labelsOf(previous));
  return JSON.stringify(faults) === JSON.stringify(known) ? [] : faults;
}

/** What makes pods, and where it keeps what they will be. */
const TEMPLATES: Record<string, (object: JsonObject) => unknown> = {
  'v1/podtemplates': (object) => object['template'],
  'v1/replicationcontrollers': (object) => objectOf(object['spec'])['template'],
  'apps/v1/daemonsets': (object) => objectOf(object['spec'])['template'],
  'apps/v1/deployments': (object) => objectOf(object['spec'])['template'],
  'apps/v1/replicasets': (object) => objectOf(object['spec'])['template'],
  'apps/v1/statefulsets': (object) => objectOf(object['spec'])['template'],
  'batch/v1/cronjobs': (object) =>
    objectOf(objectOf(objectOf(object['spec'])['jobTemplate'])['spec'])['template'],
  'batch/v1/jobs': (object) => objectOf(object['spec'])['template'],
};

const imagesOf = (spec: JsonObject): string =>
  JSON.stringify(
    [spec['initContainers'], spec['containers']].map((list) =>
      Array.isArray(list) ? list.map((one) => objectOf(one)['image']) : [],
    ),
  );

/**
 * The Warning headers of a write that went through: pods and what makes them against the namespace's `warn`,
 * and a namespace with a stricter `enforce` about the pods it has already.
 *
 * @param previous the object before the write, undefined for a new one
 */
export function podSecurityWarnings(
  store: AdmissionStore,
  type: ResourceType,
  object: KubeObject,
  previous: KubeObject | undefined,
): string[] {
  const key = resourceKey(type);
  const json = object as unknown as JsonObject;
  if (key === 'v1/namespaces')
    return previous === undefined ? [] : tightened(store, object, policyOf(labelsOf(previous), 'enforce'));
  const isPod = key === 'v1/pods';
  if (
    isPod &&
    previous !== undefined &&
    imagesOf(objectOf(previous.spec)) === imagesOf(objectOf(object.spec))
  )
    return [];
  const template = isPod ? json : TEMPLATES[key]?.(json);
  if (!isObject(template)) return [];
  const fault = violation(
    objectOf(template['spec']),
    policyIn(store, object.metadata.namespace ?? '', 'warn'),
  );
  return fault === undefined ? [] : [`would violate ${fault}`];
}

function tightened(store: AdmissionStore, namespace: KubeObject, before: Policy): string[] {
  const now = policyOf(labelsOf(namespace), 'enforce');
  const isSameVersion = now.version === before.version;
  if (isSameVersion && LEVELS.indexOf(now.level) <= LEVELS.indexOf(before.level)) return [];
  const { name } = namespace.metadata;
  const podsWith = new Map<string, string[]>();
  for (const { metadata, spec } of store.list('v1/pods', { namespace: name })) {
    const reasons = findings(objectOf(spec), now.level, now.version).map((one) => one.replace(/ \(.*$/, ''));
    if (reasons.length === 0) continue;
    const line = reasons.join(', ');
    podsWith.set(line, [...(podsWith.get(line) ?? []), metadata.name].sort());
  }
  if (podsWith.size === 0) return [];
  const lines = [...podsWith].map(([line, [first = '', ...others]]) => {
    const more = others.length === 1 ? ' (and 1 other pod)' : ` (and ${others.length} other pods)`;
    return `${first}${others.length === 0 ? '' : more}: ${line}`;
  });
  return [
    `existing pods in namespace "${name}" violate the new PodSecurity enforce level "${now.level}:${now.version}"`,
    ...lines.sort(),
  ];
}
