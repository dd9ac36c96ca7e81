import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Container, DownwardItem, Pod, Volume } from '../pod-types.ts';
import type { ObjectStore } from '../store/types.ts';
import { configMapData, fieldValue, secretData } from './env.ts';

interface Sandbox {
  ip: string;
  folder: string;
}

/**
 * Writes a container's volumes below the pod's folder.
 * @returns pairs of path as the container sees it and path where it really is; the shim translates between them.
 */
export function mountVolumes(
  store: ObjectStore,
  pod: Pod,
  sandbox: Sandbox,
  container: Container,
): [string, string][] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
    const volume = pod.spec?.volumes?.find((candidate) => candidate.name === name);
    if (volume === undefined) return [];
    const folder = path.join(sandbox.folder, 'volumes', name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of filesOf(store, pod, sandbox.ip, volume)) {
      const target = path.join(folder, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    return [
      [mountPath, subPath === undefined ? folder : path.join(folder, subPath)] satisfies [string, string],
    ];
  });
}

function filesOf(store: ObjectStore, pod: Pod, podIp: string, volume: Volume): [string, string][] {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return pick(configMapData(store, pod, configMap.name, configMap.optional), configMap.items);
  if (secret) return pick(secretData(store, pod, secret.secretName, secret.optional), secret.items);
  if (downwardAPI) return downward(pod, podIp, downwardAPI.items);
  return (projected?.sources ?? []).flatMap((source) => {
    // The token and the CA that every pod gets may not exist here: a pod that does not use them must start all the same.
    if (source.configMap) {
      const optional = source.configMap.optional ?? source.configMap.name === 'kube-root-ca.crt';
      return pick(configMapData(store, pod, source.configMap.name, optional), source.configMap.items);
    }
    if (source.secret)
      return pick(secretData(store, pod, source.secret.name, source.secret.optional), source.secret.items);
    return downward(pod, podIp, source.downwardAPI?.items);
  });
}

function pick(
  data: Record<string, string> | undefined,
  items: { key: string; path: string }[] | undefined,
): [string, string][] {
  if (data === undefined) return [];
  if (items === undefined) return Object.entries(data);
  return items.map(({ key, path: file }) => [file, data[key] ?? '']);
}

function downward(pod: Pod, podIp: string, items: DownwardItem[] | undefined): [string, string][] {
  return (items ?? []).flatMap(({ path: file, fieldRef }) =>
    fieldRef === undefined
      ? []
      : [[file, fieldValue(pod, podIp, fieldRef.fieldPath)] satisfies [string, string]],
  );
}
