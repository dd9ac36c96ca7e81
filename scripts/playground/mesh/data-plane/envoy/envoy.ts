import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { SocketAddress } from '../../../network-types.ts';
import { createPortPool, type PortPool } from '../../../network/port-pool.ts';
import type { Acknowledgement, DataPlane } from '../data-plane.ts';
import type { ProxySpec, ResourcePush } from '../messages.ts';
import { PodAddresses } from './addresses.ts';
import { startAdsServer, type AdsServer } from './ads-server.ts';
import { EnvoyProxy } from './envoy-proxy.ts';
import { nodeId } from './bootstrap.ts';
import type { ProcessGuard } from './process.ts';

export interface EnvoyOptions {
  /** Path of the Envoy to run. */
  binary: string;
  /** An existing folder for configuration, sockets and logs. */
  stateDir: string;
  guard?: ProcessGuard;
  onFailure: (error: Error) => void;
}

/** Starts the data plane of real Envoys: one process for each proxy, all fed by one discovery service. */
export async function startEnvoyDataPlane(options: EnvoyOptions): Promise<DataPlane> {
  // Socket files must have short names (about 100 characters).
  const folder = path.join(options.stateDir, 'envoy');
  await mkdir(folder, { recursive: true });
  const ads = await startAdsServer(path.join(folder, 'xds'));
  return new EnvoyDataPlane({ ...options, stateDir: folder }, ads);
}

class EnvoyDataPlane implements DataPlane {
  /** Envoys listen with SO_REUSEPORT, which shares a port between processes on Linux only. */
  readonly handsOver = process.platform === 'linux';
  readonly #options: EnvoyOptions;
  readonly #ads: AdsServer;
  readonly #proxies = new Map<string, EnvoyProxy>();
  readonly #addresses = new PodAddresses();
  readonly #listeners: ((acknowledgement: Acknowledgement) => void)[] = [];
  readonly #logListeners: ((proxyId: string, text: string) => void)[] = [];
  readonly #ports: PortPool = createPortPool();
  #count = 0;

  constructor(options: EnvoyOptions, ads: AdsServer) {
    this.#options = options;
    this.#ads = ads;
  }

  async start(asked: ProxySpec): Promise<SocketAddress | undefined> {
    const spec = await this.#withPublicPort(asked);
    this.#count += 1;
    const proxy = new EnvoyProxy(spec, {
      ...this.#options,
      folder: path.join(this.#options.stateDir, String(this.#count)),
      adsSocket: path.join(this.#options.stateDir, 'xds'),
      addresses: this.#addresses,
      onLog: (text) => this.#logListeners.forEach((listener) => listener(spec.id, text)),
    });
    this.#proxies.set(spec.id, proxy);
    this.#ads.add(nodeId(spec), (answer) => {
      for (const acknowledgement of proxy.acknowledged({ ...answer, proxyId: spec.id }))
        this.#tell(acknowledgement);
    });
    proxy.onLive((acknowledgements) => acknowledgements.forEach((one) => this.#tell(one)));
    try {
      await proxy.start();
    } catch (error) {
      await this.stop(spec.id);
      throw error;
    }
    return spec.gateway?.at(-1)?.sockets.at(-1);
  }

  push(push: ResourcePush): void {
    const proxy = this.#proxies.get(push.proxyId);
    if (proxy === undefined) return;
    for (const one of proxy.resources.translate(push)) this.#ads.push(nodeId(proxy.spec), one);
  }

  onAcknowledged(listener: (acknowledgement: Acknowledgement) => void): void {
    this.#listeners.push(listener);
  }

  onLog(listener: (proxyId: string, text: string) => void): void {
    this.#logListeners.push(listener);
  }

  drain(proxyId: string): void {
    this.#proxies.get(proxyId)?.drain();
  }

  async stop(proxyId: string): Promise<void> {
    const proxy = this.#proxies.get(proxyId);
    if (proxy === undefined) return;
    this.#ads.remove(nodeId(proxy.spec));
    await proxy.stop();
    this.#proxies.delete(proxyId);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.keys()].map(async (id) => this.stop(id)));
    this.#ads.close();
    this.#ports.close();
  }

  #tell(acknowledgement: Acknowledgement): void {
    for (const listener of this.#listeners) listener(acknowledgement);
  }

  /** A public port must be known before the listener exists, and stay the same when it comes and goes. */
  async #withPublicPort(spec: ProxySpec): Promise<ProxySpec> {
    if (spec.gateway === undefined) return spec;
    const gateway = await Promise.all(
      spec.gateway.map(async ({ port, sockets }) => ({
        port,
        sockets: await Promise.all(
          sockets.map(async (socket) =>
            socket.port === 0 ? { ...socket, port: await this.#ports.take() } : socket,
          ),
        ),
      })),
    );
    return { ...spec, gateway };
  }
}
