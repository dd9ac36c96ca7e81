import type { Container, EnvVar, KeyRef, Pod } from '../pod-types.ts';
import type { KubeObject, ObjectStore } from '../storage/types.ts';
import { resourceValue } from './resource-field.ts';

interface Data extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/**
 * Raised when a container's configuration names something that does
 * not exist; the container waits with `CreateContainerConfigError`.
 */
export class ContainerConfigError extends Error {
  override name = 'ContainerConfigError';
}

/**
 * The environment a container gets from its spec: values, ConfigMaps,
 * Secrets, downward API, `$(VAR)` references.
 */
export function containerEnv(
  store: ObjectStore,
  pod: Pod,
  podIp: string,
  container: Container,
): Record<string, string> {
  const env: Record<string, string> = { HOSTNAME: pod.metadata.name };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const data = configMapRef
      ? configMapData(store, pod, configMapRef.name, configMapRef.optional)
      : secretRef
        ? secretData(store, pod, secretRef.name, secretRef.optional)
        : undefined;
    for (const [key, value] of Object.entries(data ?? {})) env[prefix + key] = String(value);
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(store, pod, podIp, container, variable);
    if (value !== undefined) env[variable.name] = expand(value, env);
  }
  return env;
}

/** `$(NAME)` becomes the value of NAME, `$$(NAME)` stays as `$(NAME)`, an unknown name stays as it is. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(
    /\$(\$|\(([A-Za-z_.][\w.-]*)\))/g,
    (whole, escaped: string, name: string | undefined) =>
      escaped === '$' ? '$' : (env[name ?? ''] ?? whole),
  );
}

function valueOf(
  store: ObjectStore,
  pod: Pod,
  podIp: string,
  container: Container,
  variable: EnvVar,
): string | undefined {
  const { value, valueFrom } = variable;
  if (valueFrom === undefined) return value ?? '';
  if (valueFrom.fieldRef) return fieldValue(pod, podIp, valueFrom.fieldRef.fieldPath);
  if (valueFrom.resourceFieldRef) {
    const { containerName } = valueFrom.resourceFieldRef;
    const named = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const meant = containerName === undefined ? container : named.find(({ name }) => name === containerName);
    return resourceValue(meant, valueFrom.resourceFieldRef);
  }
  if (valueFrom.configMapKeyRef)
    return keyOf('configmap', valueFrom.configMapKeyRef, pod, (ref) =>
      configMapData(store, pod, ref.name, ref.optional),
    );
  if (valueFrom.secretKeyRef)
    return keyOf('secret', valueFrom.secretKeyRef, pod, (ref) =>
      secretData(store, pod, ref.name, ref.optional),
    );
  return undefined;
}

function keyOf(
  kind: string,
  ref: KeyRef,
  pod: Pod,
  read: (ref: KeyRef) => Record<string, string | Buffer> | undefined,
): string | undefined {
  const value = read(ref)?.[ref.key]?.toString();
  if (value === undefined && ref.optional !== true) {
    throw new ContainerConfigError(
      `couldn't find key ${ref.key} in ${kind === 'configmap' ? 'ConfigMap' : 'Secret'} ${pod.metadata.namespace ?? ''}/${ref.name}`,
    );
  }
  return value;
}

/** A field of the downward API, e.g. `metadata.name`, `metadata.labels['app']`, `status.podIP`. */
export function fieldValue(pod: Pod, podIp: string, fieldPath: string): string {
  const { name, namespace = '', uid, labels = {}, annotations = {} } = pod.metadata;
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (keyed) return (keyed[1] === 'labels' ? labels : annotations)[keyed[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return name;
    case 'metadata.namespace':
      return namespace;
    case 'metadata.uid':
      return uid;
    case 'metadata.labels':
      return asLines(labels);
    case 'metadata.annotations':
      return asLines(annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return podIp;
    case 'status.hostIP':
    case 'status.hostIPs':
      return '127.0.0.1';
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${fieldPath}`);
  }
}

function asLines(map: Record<string, string>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** A ConfigMap's entries; undefined when it is missing and optional. */
export function configMapData(
  store: ObjectStore,
  pod: Pod,
  name: string,
  optional = false,
): Record<string, string | Buffer> | undefined {
  const found = store.get<Data>('v1/configmaps', pod.metadata.namespace, name);
  if (found === undefined && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
  return found && { ...found.data, ...decoded(found.binaryData) };
}

/** A Secret's entries, decoded; undefined when it is missing and optional. */
export function secretData(
  store: ObjectStore,
  pod: Pod,
  name: string,
  optional = false,
): Record<string, string | Buffer> | undefined {
  const found = store.get<Data>('v1/secrets', pod.metadata.namespace, name);
  if (found === undefined && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
  return found && decoded(found.data);
}

function decoded(data: Record<string, string> = {}): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}
