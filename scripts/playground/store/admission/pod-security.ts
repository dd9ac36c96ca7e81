import { objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ResourceType } from '../registry.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionStore } from './index.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, enforced and warned of by a namespace's labels. */

type Level = 'privileged' | 'baseline' | 'restricted';

const PREFIX = 'pod-security.kubernetes.io/';

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});
const quoted = (names: string[]): string => names.map((name) => `"${name}"`).join(', ');
const plural = (word: string, names: string[]): string =>
  `${names.length === 1 ? word : `${word}s`} ${quoted(names)}`;
const named = (list: JsonObject[]): string[] => list.map(({ name }) => String(name));

interface Pod {
  spec: JsonObject;
  security: JsonObject;
  containers: { name: string; security: JsonObject; ports: JsonObject[] }[];
  volumes: JsonObject[];
}

function podOf(spec: JsonObject): Pod {
  const containers = [...objectsOf(spec['initContainers']), ...objectsOf(spec['containers'])];
  return {
    spec,
    security: objectOf(spec['securityContext']),
    containers: containers.map((one) => ({
      name: String(one['name']),
      security: objectOf(one['securityContext']),
      ports: objectsOf(one['ports']),
    })),
    volumes: objectsOf(spec['volumes']),
  };
}

type Container = Pod['containers'][number];
/** What a pod does against a standard, or undefined. */
type Check = (pod: Pod) => string | undefined;

const containersThat = ({ containers }: Pod, test: (container: Container) => boolean): string[] =>
  containers.filter(test).map(({ name }) => name);

const stringsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

const capabilities = ({ security }: Container, what: 'add' | 'drop'): string[] =>
  stringsOf(objectOf(security['capabilities'])[what]);

const COMMON_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

const uncommonCapabilities: Check = (pod) => {
  const bad = (one: Container) => capabilities(one, 'add').filter((name) => !COMMON_CAPABILITIES.has(name));
  const names = containersThat(pod, (one) => bad(one).length > 0);
  if (names.length === 0) return undefined;
  const all = [...new Set(pod.containers.flatMap(bad))].sort();
  return `non-default capabilities (${plural('container', names)} must not include ${quoted(all)} in securityContext.capabilities.add)`;
};

const hostNamespaces: Check = ({ spec }) => {
  const used = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  return used.length === 0
    ? undefined
    : `host namespaces (${used.map((field) => `${field}=true`).join(', ')})`;
};

const hostPathVolumes: Check = ({ volumes }) => {
  const names = named(volumes.filter((volume) => volume['hostPath'] !== undefined));
  return names.length === 0 ? undefined : `hostPath volumes (${plural('volume', names)})`;
};

const hostPorts: Check = (pod) => {
  const portsOf = ({ ports }: Container) =>
    ports.map(({ hostPort }) => hostPort).filter((port) => typeof port === 'number' && port > 0);
  const names = containersThat(pod, (one) => portsOf(one).length > 0);
  if (names.length === 0) return undefined;
  const ports = [...new Set(pod.containers.flatMap(portsOf))].sort();
  const uses = names.length === 1 ? 'uses' : 'use';
  return `hostPort (${plural('container', names)} ${uses} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')})`;
};

const privileged: Check = (pod) => {
  const names = containersThat(pod, ({ security }) => security['privileged'] === true);
  return names.length === 0
    ? undefined
    : `privileged (${plural('container', names)} must not set securityContext.privileged=true)`;
};

const seccompType = (security: JsonObject): unknown => objectOf(security['seccompProfile'])['type'];

const unconfined: Check = (pod) => {
  const faults = [
    ...(seccompType(pod.security) === 'Unconfined' ? ['pod'] : []),
    ...whoIf(containersThat(pod, ({ security }) => seccompType(security) === 'Unconfined')),
  ];
  return faults.length === 0
    ? undefined
    : `seccompProfile (${faults.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined")`;
};

const whoIf = (names: string[]): string[] => (names.length === 0 ? [] : [plural('container', names)]);

const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

const sysctls: Check = ({ security }) => {
  const bad = named(objectsOf(security['sysctls'])).filter((name) => !SAFE_SYSCTLS.has(name));
  return bad.length === 0 ? undefined : `forbidden sysctls (${bad.join(', ')})`;
};

const BASELINE: Check[] = [hostNamespaces, hostPathVolumes, hostPorts, privileged, sysctls];

const privilegeEscalation: Check = (pod) => {
  const names = containersThat(pod, ({ security }) => security['allowPrivilegeEscalation'] !== false);
  return names.length === 0
    ? undefined
    : `allowPrivilegeEscalation != false (${plural('container', names)} must set securityContext.allowPrivilegeEscalation=false)`;
};

const keptCapabilities: Check = (pod) => {
  const keeping = containersThat(pod, (one) => !capabilities(one, 'drop').includes('ALL'));
  const extra = (one: Container) => capabilities(one, 'add').filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = containersThat(pod, (one) => extra(one).length > 0);
  const faults = [
    ...(keeping.length === 0
      ? []
      : [`${plural('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0
      ? []
      : [
          `${plural('container', adding)} must not include ${quoted([...new Set(pod.containers.flatMap(extra))].sort())} in securityContext.capabilities.add`,
        ]),
  ];
  return faults.length === 0 ? undefined : `unrestricted capabilities (${faults.join('; ')})`;
};

const ALLOWED_VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const volumeTypes: Check = ({ volumes }) => {
  const typeOf = (volume: JsonObject) => Object.keys(volume).find((field) => field !== 'name') ?? '';
  const bad = volumes.filter((volume) => typeOf(volume) !== '' && !ALLOWED_VOLUMES.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(typeOf))].sort();
  return `restricted volume types (${plural('volume', named(bad))} ${bad.length === 1 ? 'uses' : 'use'} restricted volume type${types.length === 1 ? '' : 's'} ${quoted(types)})`;
};

const rootUser: Check = (pod) => {
  const faults: string[] = [];
  if (pod.security['runAsNonRoot'] === false)
    faults.push('pod must not set securityContext.runAsNonRoot=false');
  const against = containersThat(pod, ({ security }) => security['runAsNonRoot'] === false);
  if (against.length > 0)
    faults.push(`${plural('container', against)} must not set securityContext.runAsNonRoot=false`);
  if (faults.length > 0) return `runAsNonRoot != true (${faults.join('; ')})`;
  const silent = containersThat(pod, ({ security }) => security['runAsNonRoot'] !== true);
  return silent.length === 0 || pod.security['runAsNonRoot'] === true
    ? undefined
    : `runAsNonRoot != true (pod or ${plural('container', silent)} must set securityContext.runAsNonRoot=true)`;
};

const userZero: Check = (pod) => {
  const faults = [
    ...(pod.security['runAsUser'] === 0 ? ['pod'] : []),
    ...whoIf(containersThat(pod, ({ security }) => security['runAsUser'] === 0)),
  ];
  return faults.length === 0 ? undefined : `runAsUser=0 (${faults.join(' and ')} must not set runAsUser=0)`;
};

const CONFINED = new Set<unknown>(['RuntimeDefault', 'Localhost']);

const seccomp: Check = (pod) => {
  const isGood = CONFINED.has(seccompType(pod.security));
  const bad = containersThat(pod, ({ security }) => {
    const own = seccompType(security);
    return own === undefined ? !isGood : !CONFINED.has(own);
  });
  return bad.length === 0
    ? undefined
    : `seccompProfile (pod or ${plural('container', bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`;
};

const CHECKS: Record<Level, Check[]> = {
  privileged: [],
  baseline: [uncommonCapabilities, ...BASELINE.slice(0, 4), unconfined, sysctls],
  restricted: [...BASELINE, privilegeEscalation, keptCapabilities, volumeTypes, rootUser, userZero, seccomp],
};

const isLevel = (value: unknown): value is Level => typeof value === 'string' && Object.hasOwn(CHECKS, value);

/** `violates PodSecurity "restricted:latest": …` without its verb, or undefined when the pod keeps to the level. */
function violation(spec: JsonObject, level: Level, version: string): string | undefined {
  const pod = podOf(spec);
  const faults = CHECKS[level].map((check) => check(pod)).filter((one) => one !== undefined);
  return faults.length === 0 ? undefined : `PodSecurity "${level}:${version}": ${faults.join(', ')}`;
}

function levelOf(
  store: AdmissionStore,
  namespace: string,
  mode: 'enforce' | 'warn',
): { level: Level; version: string } | undefined {
  const labels = store.get('v1/namespaces', undefined, namespace)?.metadata.labels ?? {};
  const level = labels[PREFIX + mode];
  return isLevel(level) ? { level, version: labels[`${PREFIX}${mode}-version`] ?? 'latest' } : undefined;
}

/** @throws 403 when the namespace enforces a level the pod does not keep to */
export function checkPodSecurity(store: AdmissionStore, type: ResourceType, pod: JsonObject): void {
  const metadata = objectOf(pod['metadata']);
  const enforced = levelOf(store, String(metadata['namespace']), 'enforce');
  if (enforced === undefined) return;
  const fault = violation(objectOf(pod['spec']), enforced.level, enforced.version);
  if (fault !== undefined) throw forbidden(type, String(metadata['name']), `violates ${fault}`);
}

/** What a namespace with a `warn` level has to say about a pod or about what makes pods. */
export function podSecurityWarning(
  store: AdmissionStore,
  namespace: string,
  object: JsonObject,
): string | undefined {
  const wanted = levelOf(store, namespace, 'warn');
  if (wanted === undefined) return undefined;
  const spec = objectOf(object['spec']);
  const template = objectOf(objectOf(spec['jobTemplate'])['spec'] ?? spec)['template'];
  const podSpec =
    object['kind'] === 'Pod' ? spec : isObject(template) ? objectOf(template['spec']) : undefined;
  const fault = podSpec === undefined ? undefined : violation(podSpec, wanted.level, wanted.version);
  return fault === undefined ? undefined : `would violate ${fault}`;
}
