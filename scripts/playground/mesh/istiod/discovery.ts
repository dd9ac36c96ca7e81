import type { ObjectStore } from '../../storage/types.ts';
import type { SocketAddress } from '../../network-types.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import { draw, type MeshDelays } from '../delays.ts';
import type { Random } from '../../network/random.ts';
import { writeGatewayApiStatuses } from '../gateway-api/status-writer.ts';
import { ConfigStore, type ChangeKind } from './config-store.ts';
import { Debounce } from './debounce.ts';
import type { MeshState } from './istio-objects.ts';
import { ProxyConnection, type ProxyIdentity, type Push } from './proxy-connection.ts';
import { SnapshotCache } from './snapshot.ts';

export interface DiscoveryOptions {
  store: ObjectStore;
  dataPlane: DataPlane;
  delays: MeshDelays;
  random: Random;
  socketOf: (ip: string, port: number) => SocketAddress | undefined;
}

/**
 * istiod: sees every change, waits until changes have settled, and
 * sends each connected proxy its configuration, each at its own time.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #config: ConfigStore;
  readonly #debounce: Debounce;
  readonly #cache = new SnapshotCache();
  #statusTimer: NodeJS.Timeout | undefined;
  readonly #connections = new Map<string, ProxyConnection>();
  readonly #thaws = new Map<string, NodeJS.Timeout>();
  #full = false;
  #sequence = 0;
  #version = '';
  #connected = 0;
  /** While no istiod runs: settles when one does again. */
  #absence: { over: Promise<void>; end: () => void } | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    const { debounceMs, debounceMaxMs } = options.delays;
    this.#debounce = new Debounce(debounceMs, debounceMaxMs, () => this.#push());
    this.#config = new ConfigStore(options.store, (kind) => this.#onChange(kind));
    this.#newVersion();
    options.dataPlane.onAcknowledged((ack) => this.#connections.get(ack.proxyId)?.acknowledge(ack));
  }

  /** Who is connected: nobody while there is no istiod. */
  get connections(): ProxyConnection[] {
    return this.#absence === undefined ? [...this.#connections.values()] : [];
  }

  /**
   * istiod's process ends: its streams break, proxies keep what they have, and who starts meanwhile waits.
   */
  leave(): void {
    if (this.#absence !== undefined) return;
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#absence = { over, end };
    this.#debounce.cancel();
    this.#cancelStatuses();
  }

  /** A new istiod: the proxies come back to it and are told what they missed. */
  comeBack(): void {
    this.#absence?.end();
    this.#absence = undefined;
    this.pushAll();
  }

  state(): MeshState {
    return this.#config.state();
  }

  /** A proxy opens its stream: it gets everything there is, and the promise resolves when it has it. */
  async connect(proxy: ProxyIdentity): Promise<void> {
    const { dataPlane, socketOf, delays, random } = this.#options;
    await this.#absence?.over;
    this.#connected += 1;
    const connection = new ProxyConnection(proxy, this.#connected, {
      dataPlane,
      socketOf,
      warmingMs: () => draw(delays.warming, random),
    });
    this.#connections.set(proxy.id, connection);
    const synced = connection.synced();
    connection.deliver({
      version: this.#version,
      sequence: this.#sequence,
      full: true,
      snapshot: this.#cache.snapshot(proxy, this.#config.state()),
    });
    await synced;
  }

  disconnect(proxyId: string): void {
    const connection = this.#connections.get(proxyId);
    connection?.close();
    this.#connections.delete(proxyId);
    this.#cancelThaw(proxyId);
  }

  freeze(proxyId: string, forMs: number | undefined): void {
    this.#cancelThaw(proxyId);
    this.#connections.get(proxyId)?.freeze();
    if (forMs === undefined) return;
    this.#thaws.set(
      proxyId,
      setTimeout(() => this.thaw(proxyId), forMs),
    );
  }

  thaw(proxyId: string): void {
    this.#cancelThaw(proxyId);
    this.#connections.get(proxyId)?.thaw();
  }

  /** Everything to everybody, as `/debug/adsz?push=true` asks for. */
  pushAll(): void {
    this.#onChange('config');
  }

  close(): void {
    this.#absence?.end();
    this.#debounce.cancel();
    this.#cancelStatuses();
    this.#config.close();
    for (const id of [...this.#connections.keys()]) this.disconnect(id);
  }

  #onChange(kind: ChangeKind): void {
    if (kind === 'config') this.#full = true;
    // A proxy that connects meanwhile must not be given what was true before.
    this.#cache.invalidate();
    if (this.#absence !== undefined) return;
    this.#debounce.trigger();
    if (kind === 'config') this.#writeStatusesSoon();
  }

  /** Before the proxies have what the statuses speak of, which a debounce and a push take. */
  #writeStatusesSoon(): void {
    const { store, delays, random } = this.#options;
    this.#statusTimer ??= setTimeout(
      () => {
        this.#statusTimer = undefined;
        writeGatewayApiStatuses(store, this.#config.state());
      },
      draw(delays.status, random),
    );
  }

  #cancelStatuses(): void {
    clearTimeout(this.#statusTimer);
    this.#statusTimer = undefined;
  }

  #push(): void {
    const { delays, random } = this.#options;
    this.#newVersion();
    const full = this.#full;
    this.#full = false;
    const state = this.#config.state();
    const commonMs = draw(delays.push, random);
    for (const connection of this.#connections.values()) {
      const push: Push = {
        version: this.#version,
        sequence: this.#sequence,
        full,
        snapshot: this.#cache.snapshot(connection.proxy, state),
      };
      connection.schedule(push, commonMs + draw(delays.spread, random));
    }
  }

  #newVersion(): void {
    this.#sequence += 1;
    this.#version = `${new Date().toISOString().replace(/\.\d+Z$/, 'Z')}/${this.#sequence}`;
  }

  #cancelThaw(proxyId: string): void {
    clearTimeout(this.#thaws.get(proxyId));
    this.#thaws.delete(proxyId);
  }
}
