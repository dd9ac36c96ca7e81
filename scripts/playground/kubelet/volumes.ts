import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { isError, messageOf } from '../../shared/errors.ts';
import type { Container, DownwardItem, KeyToPath, Pod, Volume } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import { configMapData, ContainerConfigError, fieldValue, secretData } from './env.ts';
import { resourceValue } from './resource-field.ts';

/** The sources of volumes. */
export interface VolumeSources {
  store: ObjectStore;
  /** Issues a token for the pod's ServiceAccount; undefined where there is no API server to know it. */
  serviceAccountToken: ((pod: Pod, lifetimeSeconds: number) => string | undefined) | undefined;
}

/** A pod's volumes: folders below its own. They are written once, and again when their source has changed. */
export interface PodVolumes {
  /**
   * Pairs of path as the container sees it and path where it really is; the shim translates between them.
   * Throws VolumeError when a volume shows something that does not exist.
   */
  mount(container: Container): [seen: string, real: string][];
  /** Writes the files of changed sources. Those of an unreadable source stay, as on a node. */
  refresh(pod: Pod): void;
}

/** The pod waits for what a volume shows, with the event FailedMount. */
export class VolumeError extends Error {
  override name = 'VolumeError';
}

type Payload = Map<string, { data: string | Buffer; mode: number }>;

const TOKEN_SECONDS = 3_607;
const FILE_MODE = 0o644;

export function createPodVolumes(sources: VolumeSources, first: Pod, ip: string, folder: string): PodVolumes {
  let pod = first;
  const fixed: VolumeSources = { store: sources.store, serviceAccountToken: keepingTokens(sources) };
  const written = new Map<string, string>();
  let generation = 0;

  function folderOf({ name }: Volume): string {
    return path.join(folder, 'volumes', name);
  }

  function prepare(volume: Volume): void {
    if (written.has(volume.name)) return;
    try {
      write(volume, payloadOf(fixed, pod, ip, volume));
    } catch (error) {
      if (!isOfVolume(error)) throw error;
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * As the kubelet's atomic writer: the files in a folder of their own, `..data` leading to it, and one link
   * per name; a reader sees all of the old or all of the new.
   */
  function write(volume: Volume, payload: Payload | undefined): void {
    const target = folderOf(volume);
    mkdirSync(target, { recursive: true });
    const print = payload === undefined ? '' : fingerprint(payload);
    if (written.get(volume.name) === print) return;
    if (payload === undefined) {
      written.set(volume.name, print);
      return;
    }
    generation += 1;
    const now = `..${new Date().toISOString().replace(/[-:]/g, '_').replace('T', '_').slice(0, 19)}.${generation}`;
    const dated = path.join(target, now);
    mkdirSync(dated);
    for (const [file, { data, mode }] of payload) {
      const at = path.join(dated, file);
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, data, { mode });
    }
    const link = path.join(target, '..data');
    symlinkSync(now, `${link}_tmp`);
    renameSync(`${link}_tmp`, link);
    const names = new Set([...payload.keys()].map((file) => file.split('/')[0] ?? file));
    for (const name of names)
      if (!existsSync(path.join(target, name)))
        symlinkSync(path.join('..data', name), path.join(target, name));
    for (const name of readdirSync(target))
      if (name !== '..data' && name !== now && !names.has(name))
        rmSync(path.join(target, name), { recursive: true, force: true });
    written.set(volume.name, print);
  }

  return {
    mount(container) {
      return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }, index) => {
        const volume = pod.spec?.volumes?.find((candidate) => candidate.name === name);
        if (volume === undefined) return [];
        prepare(volume);
        const source = subPath === undefined ? folderOf(volume) : path.join(folderOf(volume), subPath);
        if (subPath === undefined || written.get(name) === '') return [[mountPath, source]];
        // A subPath is bound to the file there was: it does not follow.
        const copy = path.join(folder, 'sub-paths', container.name, String(index));
        if (!existsSync(copy) && existsSync(source))
          cpSync(source, copy, { recursive: true, dereference: true });
        return [[mountPath, copy]];
      });
    },
    refresh(now) {
      pod = now;
      for (const volume of pod.spec?.volumes ?? []) {
        if (!written.has(volume.name)) continue;
        try {
          write(volume, payloadOf(fixed, pod, ip, volume));
        } catch (error) {
          if (!isOfVolume(error)) throw error;
        }
      }
    },
  };
}

/**
 * What a volume shows does not exist, or its files cannot be written:
 * a name too long, a folder where another item has a file.
 */
function isOfVolume(error: unknown): error is Error {
  return error instanceof ContainerConfigError || (isError(error) && 'syscall' in error);
}

/** A token is issued anew only at four fifths of its life. */
function keepingTokens({ serviceAccountToken: issue }: VolumeSources): VolumeSources['serviceAccountToken'] {
  if (issue === undefined) return undefined;
  const known = new Map<number, { token: string | undefined; until: number }>();
  return (pod, seconds) => {
    const before = known.get(seconds);
    if (before !== undefined && before.until > Date.now()) return before.token;
    const token = issue(pod, seconds);
    known.set(seconds, { token, until: Date.now() + seconds * 790 });
    return token;
  };
}

/** Whether a pod's volumes show this ConfigMap or Secret. */
export function showsObject(pod: Pod, kind: 'ConfigMap' | 'Secret', name: string): boolean {
  return (pod.spec?.volumes ?? []).some((volume) =>
    [volume, ...(volume.projected?.sources ?? [])].some((source) =>
      kind === 'ConfigMap'
        ? source.configMap?.name === name
        : (source.secret as { secretName?: string; name?: string } | undefined)?.secretName === name ||
          (source.secret as { name?: string } | undefined)?.name === name,
    ),
  );
}

function fingerprint(payload: Payload): string {
  return JSON.stringify([...payload].map(([file, { data, mode }]) => [file, String(data), mode]));
}

/** The files of a volume; undefined for one that the containers fill themselves. */
function payloadOf(sources: VolumeSources, pod: Pod, podIp: string, volume: Volume): Payload | undefined {
  const { store } = sources;
  const { configMap, secret, downwardAPI, projected } = volume;
  const payload: Payload = new Map();
  const add = (files: [string, string | Buffer, number?][], mode = FILE_MODE): void => {
    for (const [file, data, own] of files)
      payload.set(path.posix.normalize(file), { data, mode: own ?? mode });
  };
  if (configMap) {
    add(
      pick(configMapData(store, pod, configMap.name, configMap.optional), configMap.items),
      configMap.defaultMode,
    );
  } else if (secret) {
    add(pick(secretData(store, pod, secret.secretName, secret.optional), secret.items), secret.defaultMode);
  } else if (downwardAPI) {
    add(downward(pod, podIp, downwardAPI.items), downwardAPI.defaultMode);
  } else if (projected) {
    for (const source of projected.sources ?? []) {
      if (source.configMap) {
        // The certificate to trust is published a moment after the namespace.
        const optional = source.configMap.optional ?? source.configMap.name === 'kube-root-ca.crt';
        add(
          pick(configMapData(store, pod, source.configMap.name, optional), source.configMap.items),
          projected.defaultMode,
        );
      } else if (source.secret) {
        add(
          pick(secretData(store, pod, source.secret.name, source.secret.optional), source.secret.items),
          projected.defaultMode,
        );
      } else if (source.serviceAccountToken) {
        const { path: file, expirationSeconds = TOKEN_SECONDS } = source.serviceAccountToken;
        const token = sources.serviceAccountToken?.(pod, expirationSeconds);
        if (token !== undefined) add([[file, token]], projected.defaultMode);
      } else {
        add(downward(pod, podIp, source.downwardAPI?.items), projected.defaultMode);
      }
    }
  } else {
    return undefined;
  }
  return payload;
}

function pick(
  data: Record<string, string | Buffer> | undefined,
  items: KeyToPath[] | undefined,
): [string, string | Buffer, number?][] {
  if (data === undefined) return [];
  if (items === undefined) return Object.entries(data);
  return items.map(({ key, path: file, mode }) => {
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined) throw new ContainerConfigError(`references non-existent config key: ${key}`);
    return mode === undefined ? [file, value] : [file, value, mode];
  });
}

function downward(pod: Pod, podIp: string, items: DownwardItem[] | undefined): [string, string][] {
  return (items ?? []).flatMap(({ path: file, fieldRef, resourceFieldRef }): [string, string][] => {
    if (fieldRef !== undefined) return [[file, fieldValue(pod, podIp, fieldRef.fieldPath)]];
    if (resourceFieldRef === undefined) return [];
    const container = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
      ({ name }) => name === resourceFieldRef.containerName,
    );
    return [[file, resourceValue(container, resourceFieldRef)]];
  });
}
