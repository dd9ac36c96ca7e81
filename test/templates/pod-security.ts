import type { Container, PodSpec } from '../../scripts/shared/kubernetes.ts';

interface Security {
  runAsNonRoot?: boolean;
  runAsUser?: number;
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  procMount?: string;
  seccompProfile?: { type?: string };
  capabilities?: { add?: string[]; drop?: string[] };
  seLinuxOptions?: { type?: string; user?: string; role?: string };
  sysctls?: { name: string }[];
  windowsOptions?: { hostProcess?: boolean };
}

const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const safeSysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const seLinuxTypes = [
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
];
const seccompTypes = ['RuntimeDefault', 'Localhost'];

/**
 * What of the profile "restricted" a pod violates, one sentence each.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function violationsOfRestricted(spec: PodSpec): string[] {
  const pod = (spec['securityContext'] ?? {}) as Security;
  const found: string[] = [];
  const forbid = (condition: boolean, sentence: string): void => {
    if (condition) found.push(sentence);
  };

  for (const name of ['hostNetwork', 'hostPID', 'hostIPC'])
    forbid(spec[name] === true, `${name} must not be true`);
  for (const { name, ...volume } of (spec['volumes'] ?? []) as { name: string }[]) {
    const kinds = Object.keys(volume).filter((kind) => !volumeKinds.includes(kind));
    forbid(kinds.length > 0, `volume ${name} must not be ${kinds.join(', ')}`);
  }
  for (const { name } of pod.sysctls ?? [])
    forbid(!safeSysctls.includes(name), `sysctl ${name} must not be set`);
  found.push(...ofBoth('the pod', pod));

  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  for (const container of containers) found.push(...ofContainer(container, pod));
  return found;
}

function ofContainer({ name, ports, ...container }: Container, pod: Security): string[] {
  const own = (container['securityContext'] ?? {}) as Security;
  const { add = [], drop = [] } = own.capabilities ?? {};
  const rules: [boolean, string][] = [
    [own.privileged === true, 'privileged must not be true'],
    [own.allowPrivilegeEscalation !== false, 'allowPrivilegeEscalation must be false'],
    [(own.runAsNonRoot ?? pod.runAsNonRoot) !== true, 'runAsNonRoot must be true'],
    [!drop.includes('ALL'), 'capabilities.drop must include ALL'],
    [
      add.some((capability) => capability !== 'NET_BIND_SERVICE'),
      'capabilities.add may be NET_BIND_SERVICE only',
    ],
    [
      !seccompTypes.includes(own.seccompProfile?.type ?? pod.seccompProfile?.type ?? ''),
      'seccompProfile.type must be RuntimeDefault or Localhost',
    ],
    [![undefined, '', 'Default'].includes(own.procMount), 'procMount must be Default'],
    // Since 1.34: a probe or a hook could make the kubelet ask anybody.
    [/"host":"[^"]/.test(JSON.stringify(handlersOf(container))), 'probes and hooks must not name a host'],
    [(ports ?? []).some((port) => 'hostPort' in port && port.hostPort !== 0), 'hostPort must not be set'],
  ];
  return [
    ...rules.flatMap(([broken, sentence]) => (broken ? [`${name}: ${sentence}`] : [])),
    ...ofBoth(name, own),
  ];
}

const handlersOf = ({ startupProbe, readinessProbe, livenessProbe, lifecycle }: Record<string, unknown>) => [
  startupProbe,
  readinessProbe,
  livenessProbe,
  lifecycle,
];

function ofBoth(
  name: string,
  { runAsUser, seLinuxOptions, windowsOptions, seccompProfile }: Security,
): string[] {
  const rules: [boolean, string][] = [
    [runAsUser === 0, 'runAsUser must not be 0'],
    [windowsOptions?.hostProcess === true, 'windowsOptions.hostProcess must not be true'],
    [seccompProfile?.type === 'Unconfined', 'seccompProfile.type must not be Unconfined'],
    [!seLinuxTypes.includes(seLinuxOptions?.type), 'seLinuxOptions.type must be a container type'],
    [Boolean(seLinuxOptions?.user ?? seLinuxOptions?.role), 'seLinuxOptions.user and .role must not be set'],
  ];
  return rules.flatMap(([broken, sentence]) => (broken ? [`${name}: ${sentence}`] : []));
}
