import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startControllers } from '../../controllers/index.ts';
import { startGuard, startKubelet, type Images, type Kubelet } from '../../kubelet/index.ts';
import type { KubeletDelays } from '../../kubelet/options.ts';
import type { PodNetwork, SidecarRuntime } from '../../network-types.ts';
import { createPodNetwork } from '../../network/index.ts';
import type { Pod } from '../../pod-types.ts';
import { createStore } from '../../storage/store.ts';
import type { ObjectStore } from '../../storage/types.ts';

export const POD_APP = fileURLToPath(new URL('./programs/pod-app.mjs', import.meta.url));

/** Short but still apart, so that orders can be told by their times. */
export const QUICK: Partial<KubeletDelays> = {
  sandbox: 20,
  deletionSeen: 15,
  preStopToSigterm: 20,
  exitToStatus: 60,
  statusToGone: 60,
  restartBackoff: 300,
  imageBackoff: 300,
};

export interface TestNode {
  store: ObjectStore;
  network: PodNetwork;
  kubelet: Kubelet;
  stateDir: string;
  /** Adds an image that brings a folder of its own, which its containers see as `/app`. */
  addImage(name: string, command: string[], folder: string): void;
  /** Creates a pod of one container that runs pod-app.mjs. */
  pod(name: string, container?: Record<string, unknown>, spec?: Record<string, unknown>): Pod;
  get(name: string): Pod | undefined;
  /** Resolves with the pod when the condition holds; looks at every change. */
  until(name: string, condition: (pod: Pod) => boolean): Promise<Pod>;
  gone(name: string): Promise<void>;
  events(name: string): string[];
  logs(name: string, container?: string): Promise<{ at: number; what: string; [field: string]: unknown }[]>;
  /** Resolves when pod-app.mjs has said that it listens. */
  listening(name: string, container?: string): Promise<Pod>;
  ask(pod: Pod, pathname: string, port?: number): Promise<string>;
  close(): Promise<void>;
}

/** One node with a scheduler and nothing else that delays. */
export async function startTestNode(
  options: { mode?: PodNetwork['mode']; delays?: Partial<KubeletDelays>; sidecars?: SidecarRuntime } = {},
): Promise<TestNode> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'kubelet-test-'));
  const store = createStore();
  const guard = startGuard({ stateDir });
  const network = await createPodNetwork(options.mode === undefined ? {} : { mode: options.mode });
  const commands = new Map([['pod-app', ['node', POD_APP]]]);
  const folders = new Map<string, [seen: string, real: string]>();
  const images: Images = {
    folderOf: (image) => folders.get(image.split(':')[0] ?? ''),
    resolve: (image) => commands.get(image.split(':')[0] ?? ''),
    register: (name, command) => void commands.set(name, command),
  };
  const controllers = startControllers(store, { delays: { reaction: 1, scheduling: 1, endpointSlice: 5 } });
  const kubelet = startKubelet({
    store,
    network,
    images,
    guard,
    stateDir,
    sidecars: options.sidecars,
    delays: { ...QUICK, ...options.delays },
  });
  const get = (name: string): Pod | undefined => store.get<Pod>('v1/pods', 'default', name);

  async function until(name: string, condition: (pod: Pod | undefined) => boolean): Promise<Pod | undefined> {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        stop();
        reject(new Error(`${name} did not get there in 20 s: ${JSON.stringify(get(name)?.status)}`));
      }, 20_000);
      const check = (): void => {
        const pod = get(name);
        if (!condition(pod)) return;
        clearTimeout(late);
        setImmediate(() => stop());
        resolve(pod);
      };
      const stop = store.watch<Pod>('v1/pods', { namespace: 'default' }, check);
      check();
    });
  }

  return {
    store,
    network,
    kubelet,
    stateDir,
    addImage(name, command, folder) {
      images.register(name, command);
      folders.set(name, ['/app', folder]);
    },
    pod(name, container = {}, spec = {}) {
      return store.create<Pod>('v1/pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels: { app: name } },
        spec: {
          containers: [
            { name: 'app', image: 'pod-app:1', ports: [{ name: 'http', containerPort: 8080 }], ...container },
          ],
          ...spec,
        },
      });
    },
    get,
    until: async (name, condition) => {
      const pod = await until(name, (one) => one !== undefined && condition(one));
      if (pod === undefined) throw new Error(`${name} is gone`);
      return pod;
    },
    async gone(name) {
      await until(name, (pod) => pod === undefined);
    },
    events: (name) =>
      store
        .list('v1/events', { namespace: 'default' })
        .filter((event) => (event['involvedObject'] as { name: string }).name === name)
        .map((event) => `${String(event['reason'])}: ${String(event['message'])}`),
    async logs(name, container) {
      const lines: { at: number; what: string }[] = [];
      for await (const line of kubelet.readLogs('default', name, container)) {
        lines.push(JSON.parse(line) as { at: number; what: string });
      }
      return lines;
    },
    async listening(name, container) {
      const running = await until(name, (one) => one?.status?.phase === 'Running');
      for await (const line of kubelet.readLogs('default', name, container, { follow: true })) {
        if (line.includes('"listening"')) break;
      }
      if (running === undefined) throw new Error(`${name} is gone`);
      return running;
    },
    async ask(pod, pathname, port = 8080) {
      const at = network.outside(pod.status?.podIP ?? '', port);
      if (at === undefined) throw new Error('no such port');
      const response = await fetch(`http://${at.host}:${at.port}${pathname}`, {
        headers: { connection: 'close' },
      });
      return await response.text();
    },
    async close() {
      controllers.close();
      await kubelet.close();
      network.close();
      await guard.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Whether a pod's Ready condition is True. */
export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
