import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTempFolder } from '../shared/own-folder.ts';
import { writeWholeFile } from '../shared/whole-file.ts';
import { startApiServer } from './apiserver/index.ts';
import { startControllers } from './controllers/index.ts';
import { describeDelays } from './describe.ts';
import { createImages, startGuard, startKubelet } from './kubelet/index.ts';
import { installGatewayApi, startMesh } from './mesh/index.ts';
import {
  connectToPod,
  createPodNetwork,
  createRandom,
  keepServiceList,
  startServiceProxy,
} from './network/index.ts';
import type { PlaygroundOptions } from './options.ts';
import type { Playground } from './playground.ts';
import { mountServiceAccounts, userOfPod } from './service-accounts.ts';
import { createStore } from './storage/store.ts';

/** As in a cluster that has run for a while: a watch from resourceVersion 1 is too old. */
const FIRST_REVISION = 1_000;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts the cluster, empty. Rejects when a part cannot start; what had started is ended again. */
export async function startPlayground(options: PlaygroundOptions = {}): Promise<Playground> {
  const { mesh: meshKind = 'builtin', seed = 1, addressing = 'auto', delays } = options;
  const stateDir = makeTempFolder('coffee-shop-playground-');
  // Closed last to first: pods before the mesh that serves them, the guard when nothing is left to guard.
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const guard = startGuard({ stateDir });
    closers.push(() => guard.close());
    // Kubeconfigs hold a token: none is left behind, not even by SIGKILL.
    for (const file of [options.kubeconfigFile, ...(options.leftovers?.files ?? [])])
      if (file !== undefined) guard.alsoRemove(path.resolve(file));
    if (options.leftovers !== undefined) guard.alsoRemoveEmpty(path.resolve(options.leftovers.folder));
    const store = createStore({ firstRevision: FIRST_REVISION });
    if (options.gatewayApi === true) installGatewayApi(store);
    const [network, images] = await Promise.all([
      createPodNetwork({ mode: addressing }),
      createImages({ root, stateDir, archives: options.imageArchives ?? [] }),
    ]);
    closers.push(() => network.close());

    const servicesFile = path.join(stateDir, 'services.json');
    const mesh =
      meshKind === 'none'
        ? undefined
        : await startMesh({
            store,
            network,
            stateDir,
            servicesFile,
            seed,
            ...(meshKind === 'envoy' ? { envoyBinary: requireEnvoy(options), guard } : {}),
            ...(delays?.mesh === undefined ? {} : { delays: delays.mesh }),
            ...(options.nativeSidecars === undefined ? {} : { nativeSidecars: options.nativeSidecars }),
            ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
          });
    if (mesh) closers.push(() => mesh.close());
    // After the mesh: a proxy that injection adds gets the account's files, too.
    mountServiceAccounts(store);
    /**
     * What pods know of the API server; it starts later than they may be asked for, and before they are made.
     */
    const podEnv: Record<string, string> = {};
    const kubelet = startKubelet({
      env: podEnv,
      servicesFile,
      serviceAccountToken: (pod, seconds) => api.issueToken(userOfPod(pod), seconds * 1_000),
      store,
      network,
      images,
      guard,
      stateDir,
      sidecars: mesh,
      random: createRandom(seed + 1),
      ...(delays?.kubelet === undefined ? {} : { delays: delays.kubelet }),
    });
    closers.push(() => kubelet.close());
    const controllers = startControllers(store, { random: createRandom(seed + 3) });
    closers.push(() => controllers.close());
    const services = startServiceProxy({
      store,
      network,
      random: createRandom(seed + 2),
      ...(delays?.serviceRules === undefined ? {} : { lag: delays.serviceRules }),
    });
    closers.push(() => services.close());
    const serviceList = keepServiceList(store, services, servicesFile);
    closers.push(() => serviceList.close());
    const api = await startApiServer({
      store,
      connectToPod: (namespace, pod, port) => connectToPod({ store, network }, namespace, pod, port),
      readLogs: (namespace, pod, container, logOptions) =>
        mesh?.readLogs(namespace, pod, container, logOptions) ??
        kubelet.readLogs(namespace, pod, container, logOptions),
      execInPod: (namespace, pod, container, command) => kubelet.exec(namespace, pod, container, command),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
    });
    closers.push(() => api.close());
    Object.assign(podEnv, {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
      KUBERNETES_SERVICE_PORT_HTTPS: String(api.port),
    });

    const kubeconfig = options.kubeconfigFile ?? path.join(stateDir, 'kubeconfig');
    writeWholeFile(kubeconfig, api.kubeconfig, { mode: 0o600 });
    closers.push(() => rm(kubeconfig, { force: true }));
    const front = await services.reserve('default', 'coffee-shop', 8080);
    let thawTimer: NodeJS.Timeout | undefined;
    closers.push(() => clearTimeout(thawTimer));

    return {
      kubeconfig,
      access: {
        server: api.url,
        certificateAuthority: Buffer.from(api.caPem).toString('base64'),
        token: api.token,
      },
      server: api.url,
      gatewayUrl: mesh && `http://${mesh.gateway.host}:${mesh.gateway.port}`,
      serviceUrl: `http://${front.host}:${front.port}`,
      describeDelays: () => describeDelays(options),
      freeze(proxy, { forMs } = {}) {
        if (proxy !== 'kube-proxy') {
          requireMesh(mesh, proxy).freeze(proxy, forMs === undefined ? {} : { forMs });
          return;
        }
        // The last word counts: an earlier freeze's end must not thaw this one.
        clearTimeout(thawTimer);
        services.freeze();
        if (forMs !== undefined) thawTimer = setTimeout(() => services.thaw(), forMs);
      },
      thaw(proxy) {
        if (proxy === 'kube-proxy') {
          clearTimeout(thawTimer);
          services.thaw();
        } else requireMesh(mesh, proxy).thaw(proxy);
      },
      async crash(what, { container, ...crashOptions } = {}) {
        if (container !== undefined) {
          kubelet.crash('default', what, container);
          return;
        }
        const running = requireMesh(mesh, what);
        if (what === 'gateway' || what === 'istiod') await running.crash(what, crashOptions);
        else kubelet.crash('default', what, 'istio-proxy');
      },
      proxies: () => mesh?.proxies() ?? [],
      registerImage: (name, command) => images.register(name, command),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function requireEnvoy({ envoyBinary }: PlaygroundOptions): string {
  if (envoyBinary === undefined) throw new Error("mesh 'envoy' needs the path of an Envoy (envoyBinary).");
  return envoyBinary;
}

function requireMesh<T>(mesh: T | undefined, proxy: string): T {
  if (mesh === undefined)
    throw new Error(`there is no proxy ${proxy}: this playground has no mesh (only kube-proxy).`);
  return mesh;
}
