import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEventRecorder } from '../events.ts';
import type { PodNetwork, SidecarRuntime } from '../network-types.ts';
import { createRandom, type Random } from '../network/random.ts';
import { isFinished, type Pod } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import type { LogReadOptions } from './container-log.ts';
import type { KubeletContext } from './context.ts';
import type { Guard } from './guard.ts';
import type { Images } from './images.ts';
import { registerNode } from './node.ts';
import { KUBELET_DELAYS, type KubeletDelays } from './options.ts';
import { allContainers, setUpContainer } from './pod-sandbox.ts';
import { startPodWorker, type PodWorker } from './pod-worker.ts';
import { startProcess } from './process.ts';

export interface KubeletOptions {
  store: ObjectStore;
  network: PodNetwork;
  images: Images;
  guard: Guard;
  /** Pods' folders and logs go to `<stateDir>/pods/`. */
  stateDir: string;
  sidecars?: SidecarRuntime | undefined;
  nodeName?: string;
  delays?: Partial<KubeletDelays>;
  random?: Random;
  /** Environment every container gets besides its own; read when a container starts. */
  env?: Record<string, string>;
  /** Issues a token for a pod's ServiceAccount. */
  serviceAccountToken?: (pod: Pod, lifetimeSeconds: number) => string | undefined;
  /** The list of the cluster's Services, for pods of Node programs. */
  servicesFile?: string;
}

export interface PodLogOptions extends LogReadOptions {
  /** The run before the last restart. */
  previous?: boolean;
}

/** The node's kubelet: runs the pods bound to its node as child processes. */
export interface Kubelet {
  readonly nodeName: string;
  /** Lines of a container's log. Throws when there is no such pod or container. */
  readLogs(
    namespace: string,
    pod: string,
    container: string | undefined,
    options?: PodLogOptions,
  ): AsyncIterable<string>;
  /** Starts a command in a container's environment, for exec. Its group is killed with the playground. */
  exec(
    namespace: string,
    pod: string,
    container: string | undefined,
    command: string[],
  ): ReturnType<typeof spawn>;
  /**
   * Ends a container's process as a crash does (SIGKILL); its restart
   * policy says what comes next. Throws when it does not run.
   */
  crash(namespace: string, pod: string, container: string): void;
  /** Ends every container at once (SIGKILL) and resolves when all are gone. */
  close(): Promise<void>;
}

export const NODE_NAME = 'playground';

export function startKubelet(options: KubeletOptions): Kubelet {
  const { store, network, images, guard, stateDir, sidecars, nodeName = NODE_NAME } = options;
  mkdirSync(stateDir, { recursive: true });
  const shimFile = path.join(stateDir, 'pod-shim.cjs');
  copyFileSync(fileURLToPath(new URL('./pod-shim.cjs', import.meta.url)), shimFile);
  const context: KubeletContext = {
    store,
    network,
    images,
    sidecars,
    guard,
    stateDir,
    nodeName,
    delays: { ...KUBELET_DELAYS, ...options.delays },
    random: options.random ?? createRandom(1),
    events: createEventRecorder(store, 'kubelet', nodeName),
    env: options.env ?? {},
    shimFile,
    servicesFile: options.servicesFile,
    serviceAccountToken: options.serviceAccountToken,
  };
  const workers = new Map<string, PodWorker>();
  let closed = false;
  registerNode(store, nodeName);

  const stopWatching = store.watch<Pod>('v1/pods', {}, ({ type, object: pod }) => {
    if (pod.spec?.nodeName !== nodeName) return;
    const { uid } = pod.metadata;
    const worker = workers.get(uid);
    if (type === 'DELETED') worker?.vanish();
    else if (worker !== undefined) worker.update(pod);
    else if (!isFinished(pod)) start(pod);
  });

  const stopFollowing = (['ConfigMap', 'Secret'] as const).map((kind) =>
    store.watch(kind === 'ConfigMap' ? 'v1/configmaps' : 'v1/secrets', {}, ({ type, object }) => {
      if (type === 'DELETED') return;
      for (const worker of workers.values())
        worker.shownChanged(kind, object.metadata.namespace, object.metadata.name);
    }),
  );

  function start(pod: Pod): void {
    const worker = startPodWorker(context, pod);
    workers.set(pod.metadata.uid, worker);
    if (pod.metadata.deletionTimestamp !== undefined) worker.update(pod);
    void worker.gone.then(() => {
      if (!closed) workers.delete(pod.metadata.uid);
    });
  }

  function workerOf(namespace: string, name: string): { pod: Pod; worker: PodWorker } {
    const pod = store.get<Pod>('v1/pods', namespace, name);
    const worker = pod && workers.get(pod.metadata.uid);
    if (pod === undefined || worker === undefined)
      throw new Error(`pod ${namespace}/${name} does not run on ${nodeName}`);
    return { pod, worker };
  }

  return {
    nodeName,
    readLogs(namespace, podName, container, logOptions = {}) {
      const { pod, worker } = workerOf(namespace, podName);
      const wanted = container ?? pod.spec?.containers[0]?.name;
      const log = worker.runner(wanted)?.logOf(logOptions.previous ?? false);
      if (log === undefined) {
        const what = logOptions.previous === true ? 'previous terminated container' : 'container';
        throw new Error(`${what} "${wanted ?? ''}" in pod "${podName}" not found`);
      }
      return log.read(logOptions);
    },
    exec(namespace, podName, containerName, command) {
      const { pod, worker } = workerOf(namespace, podName);
      const container =
        containerName === undefined
          ? pod.spec?.containers[0]
          : allContainers(pod).find(({ name }) => name === containerName);
      if (container === undefined || worker.sandbox === undefined) {
        throw new Error(`container ${containerName ?? ''} is not valid for pod ${podName}`);
      }
      const { env, cwd } = setUpContainer(context, pod, worker.sandbox, container);
      return startProcess({ command, env, cwd, guard, stdin: 'pipe' });
    },
    crash(namespace, podName, container) {
      const runner = workerOf(namespace, podName).worker.runner(container);
      if (runner?.running !== true)
        throw new Error(`container ${container} of pod ${namespace}/${podName} does not run`);
      runner.crash();
    },
    async close() {
      closed = true;
      stopWatching();
      for (const stop of stopFollowing) stop();
      await Promise.all([...workers.values()].map((worker) => worker.kill()));
    },
  };
}
