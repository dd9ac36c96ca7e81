import { objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../../../storage/json.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */

export type Level = 'privileged' | 'baseline' | 'restricted';

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});
const quoted = (names: string[]): string => names.map((name) => `"${name}"`).join(', ');
const plural = (word: string, names: string[]): string =>
  `${names.length === 1 ? word : `${word}s`} ${quoted(names)}`;
const named = (list: JsonObject[]): string[] => list.map(({ name }) => String(name));

interface Pod {
  /** Of the standard it is held to: 36 for v1.36. */
  minor: number;
  spec: JsonObject;
  security: JsonObject;
  containers: { name: string; security: JsonObject; ports: JsonObject[]; hooks: JsonObject[] }[];
  volumes: JsonObject[];
}

function podOf(spec: JsonObject, minor: number): Pod {
  const containers = [...objectsOf(spec['initContainers']), ...objectsOf(spec['containers'])];
  return {
    minor,
    spec,
    security: objectOf(spec['securityContext']),
    containers: containers.map((one) => ({
      name: String(one['name']),
      security: objectOf(one['securityContext']),
      ports: objectsOf(one['ports']),
      hooks: [
        ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((probe) => objectOf(one[probe])),
        ...['postStart', 'preStop'].map((hook) => objectOf(objectOf(one['lifecycle'])[hook])),
      ],
    })),
    volumes: objectsOf(spec['volumes']),
  };
}

type Container = Pod['containers'][number];
/** What a pod does against a standard, or undefined. */
type Check = (pod: Pod) => string | undefined;

const sorted = (values: unknown[]): string[] => [...new Set(values.map(String))].sort();

/** `pod and containers "a", "b"`: who of them sets what the test finds. */
function setters(pod: Pod, test: (security: JsonObject) => boolean): string | undefined {
  const names = containersThat(pod, ({ security }) => test(security));
  const all = [
    ...(test(pod.security) ? ['pod'] : []),
    ...(names.length === 0 ? [] : [plural('container', names)]),
  ];
  return all.length === 0 ? undefined : all.join(' and ');
}

const securitiesOf = (pod: Pod): JsonObject[] => [
  pod.security,
  ...pod.containers.map(({ security }) => security),
];

/** From 1.35 on a pod with a user namespace of its own may be root in it. */
const isApart = ({ spec, minor }: Pod): boolean => minor >= 35 && spec['hostUsers'] === false;

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

const CONFINED = new Set<unknown>(['RuntimeDefault', 'Localhost']);

const isUnconfined = (security: JsonObject): boolean =>
  security['seccompProfile'] !== undefined && !CONFINED.has(seccompType(security));

const unconfined: Check = (pod) => {
  const who = setters(pod, isUnconfined);
  const types = sorted(securitiesOf(pod).filter(isUnconfined).map(seccompType));
  return (
    who && `seccompProfile (${who} must not set securityContext.seccompProfile.type to ${quoted(types)})`
  );
};

const appArmorType = (security: JsonObject): unknown => objectOf(security['appArmorProfile'])['type'];

const appArmor: Check = (pod) => {
  const isBad = (security: JsonObject) =>
    security['appArmorProfile'] !== undefined && !CONFINED.has(appArmorType(security));
  const who = setters(pod, isBad);
  const types = sorted(securitiesOf(pod).filter(isBad).map(appArmorType));
  const head = `forbidden AppArmor profile${types.length === 1 ? '' : 's'}`;
  return who && `${head} (${who} must not set AppArmor profile type to ${quoted(types)})`;
};

const hostHooks: Check = (pod) => {
  if (pod.minor < 34) return undefined;
  const hosts = ({ hooks }: Container) =>
    hooks
      .flatMap((hook) => [objectOf(hook['httpGet'])['host'], objectOf(hook['tcpSocket'])['host']])
      .filter((host) => typeof host === 'string' && host !== '');
  const names = sorted(containersThat(pod, (one) => hosts(one).length > 0));
  if (names.length === 0) return undefined;
  const all = sorted(pod.containers.flatMap(hosts));
  const uses = names.length === 1 ? 'uses' : 'use';
  return `probe or lifecycle host (${plural('container', names)} ${uses} probe or lifecycle host${all.length === 1 ? '' : 's'} ${quoted(all)})`;
};

const maskedProc: Check = (pod) => {
  const isBad = ({ security }: Container) => (security['procMount'] ?? 'Default') !== 'Default';
  const names = containersThat(pod, isBad);
  const types = sorted(pod.containers.filter(isBad).map(({ security }) => security['procMount']));
  return names.length === 0
    ? undefined
    : `procMount (${plural('container', names)} must not set securityContext.procMount to ${quoted(types)})`;
};

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const seLinux: Check = (pod) => {
  const allowed = pod.minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES;
  const options = (security: JsonObject) => objectOf(security['seLinuxOptions']);
  const isBadType = (security: JsonObject) => !allowed.includes((options(security)['type'] ?? '') as string);
  const sets = (field: string) => (security: JsonObject) => (options(security)[field] ?? '') !== '';
  const who = setters(
    pod,
    (security) => isBadType(security) || sets('user')(security) || sets('role')(security),
  );
  if (who === undefined) return undefined;
  const all = securitiesOf(pod);
  const types = sorted(all.filter(isBadType).map((security) => options(security)['type']));
  const faults = [
    ...(types.length === 0 ? [] : [plural('type', types)]),
    ...['user', 'role'].filter((field) => all.some(sets(field))).map((field) => `${field} may not be set`),
  ];
  return `seLinuxOptions (${who} set forbidden securityContext.seLinuxOptions: ${faults.join('; ')})`;
};

const windowsHost: Check = (pod) => {
  const who = setters(pod, (security) => objectOf(security['windowsOptions'])['hostProcess'] === true);
  return who && `hostProcess (${who} must not set securityContext.windowsOptions.hostProcess=true)`;
};

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
  if (isApart(pod)) return undefined;
  const against = setters(pod, (security) => security['runAsNonRoot'] === false);
  if (against !== undefined)
    return `runAsNonRoot != true (${against} must not set securityContext.runAsNonRoot=false)`;
  const silent = containersThat(pod, ({ security }) => security['runAsNonRoot'] !== true);
  return silent.length === 0 || pod.security['runAsNonRoot'] === true
    ? undefined
    : `runAsNonRoot != true (pod or ${plural('container', silent)} must set securityContext.runAsNonRoot=true)`;
};

const userZero: Check = (pod) => {
  if (isApart(pod) || pod.minor < 23) return undefined;
  const who = setters(pod, (security) => security['runAsUser'] === 0);
  return who && `runAsUser=0 (${who} must not set runAsUser=0)`;
};

const seccomp: Check = (pod) => {
  const open = unconfined(pod);
  if (open !== undefined || CONFINED.has(seccompType(pod.security))) return open;
  const silent = containersThat(pod, ({ security }) => security['seccompProfile'] === undefined);
  return silent.length === 0
    ? undefined
    : `seccompProfile (pod or ${plural('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`;
};

/** The checks in the order of their findings in messages: by name, those of the baseline first. */
const CHECKS: Record<Level, Check[]> = {
  privileged: [],
  baseline: [
    appArmor,
    uncommonCapabilities,
    hostNamespaces,
    hostPathVolumes,
    hostPorts,
    hostHooks,
    privileged,
    (pod) => (isApart(pod) ? undefined : maskedProc(pod)),
    seLinux,
    unconfined,
    sysctls,
    windowsHost,
  ],
  restricted: [
    appArmor,
    hostNamespaces,
    hostPorts,
    hostHooks,
    privileged,
    seLinux,
    sysctls,
    windowsHost,
    privilegeEscalation,
    keptCapabilities,
    maskedProc,
    volumeTypes,
    rootUser,
    userZero,
    seccomp,
  ],
};

export const LEVELS = Object.keys(CHECKS) as Level[];

/**
 * What a pod does against a standard, each as `reason (detail)`; none when it keeps to it.
 *
 * @param version `latest` or `v1.x`; rules younger than it do not count
 */
export function findings(spec: JsonObject, level: Level, version: string): string[] {
  const minor = version === 'latest' ? Infinity : Number(version.split('.')[1]);
  const pod = podOf(spec, minor);
  return CHECKS[level].map((check) => check(pod)).filter((one) => one !== undefined);
}
