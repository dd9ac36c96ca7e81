import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { startControllers } from '../../../controllers/index.ts';
import type { ContainerStatus, Pod } from '../../../pod-types.ts';
import { createStore, type MemoryStore } from '../../../storage/store.ts';

export interface ReplayCluster {
  store: MemoryStore;
  server: ApiServer;
  /** Resolves when the controllers have nothing more to do. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An API server with controllers, and pods that are there without processes: an echo stands for each of them.
 */
export async function startReplayCluster(): Promise<ReplayCluster> {
  const store = createStore({ firstRevision: 1000 });
  store.create('v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } });
  const controllers = startControllers(store, {
    delays: { reaction: 0, scheduling: 0, endpointSlice: 0, autoscaler: 1 },
  });
  const stopPods = keepPodsRunning(store);
  const echo = await startEcho();
  const { port: echoPort } = echo.address() as AddressInfo;
  const server = await startApiServer({
    store,
    readLogs: async function* () {
      await Promise.resolve();
      yield 'start version=v1\n';
    },
    connectToPod: (_namespace, _pod, port) =>
      new Promise((resolve, reject) => {
        if (port === 9) {
          reject(new Error('connect ECONNREFUSED'));
          return;
        }
        const socket = connect(echoPort, '127.0.0.1', () => resolve(socket));
        socket.on('error', reject);
      }),
  });
  return {
    store,
    server,
    async settle() {
      const deadline = Date.now() + 2000;
      for (let before = ''; before !== store.resourceVersion && Date.now() < deadline;) {
        before = store.resourceVersion;
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
    },
    async close() {
      stopPods();
      controllers.close();
      echo.close();
      await server.close();
    },
  };
}

function startEcho(): Promise<Server> {
  const server = createServer((request, response) => {
    response.end(`${request.method ?? ''} ${request.url ?? ''} HTTP/1.1\n`);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/**
 * Bound pods run at once (a container `b` waits for its image for
 * ever), deleted ones are gone a moment later.
 */
function keepPodsRunning(store: MemoryStore): () => void {
  let count = 0;
  return store.watch<Pod>('v1/pods', {}, ({ type, object: pod }) => {
    if (type === 'DELETED' || !pod.spec?.nodeName) return;
    const { name, namespace, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      setImmediate(() => {
        const isThere = store.get('v1/pods', namespace, name)?.metadata.uid === pod.metadata.uid;
        if (isThere) store.delete('v1/pods', namespace, name, { gracePeriodSeconds: 0 });
      });
      return;
    }
    if (pod.status?.podIP !== undefined) return;
    count += 1;
    const podIP = `10.244.0.${count}`;
    setImmediate(() => {
      store.mutate<Pod>('v1/pods', namespace, name, (draft) => run(draft, podIP), { subresource: 'status' });
    });
  });
}

function run(pod: Pod, podIP: string): void {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const statusOf = ({ name, image = '' }: { name: string; image?: string }): ContainerStatus => ({
    name,
    image,
    imageID: '',
    lastState: {},
    ready: name !== 'b',
    restartCount: 0,
    started: name !== 'b',
    state: name === 'b' ? { waiting: { reason: 'ErrImageNeverPull' } } : { running: { startedAt: now } },
  });
  const status = pod.spec?.containers.some(({ name }) => name === 'b') === true ? 'False' : 'True';
  pod.status = {
    ...pod.status,
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: 'Ready', status, lastProbeTime: null, lastTransitionTime: now }],
    containerStatuses: pod.spec?.containers.map(statusOf) ?? [],
  };
}
