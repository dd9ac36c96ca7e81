import { readFileSync, statSync } from 'node:fs';
import type { SocketAddress } from '../../network-types.ts';

/** A line of the list that the node keeps of its Services (`network/service-list.ts`). */
interface ListedService {
  name: string;
  namespace: string;
  addresses: string[];
  ports: Record<number, SocketAddress>;
}

/** Where a caller without a proxy would have been led. */
export interface OriginalDestination {
  /** What the name stands for: the Service's cluster IP. */
  ip: string;
  socket: SocketAddress;
}

/**
 * What cluster DNS and kube-proxy would have made of a pod's call. A real caller has asked them before its
 * connection meets the proxy; here the proxy is handed the name, and looks where the node's own list leads.
 */
export class ClusterAddresses {
  readonly #file: string | undefined;
  readonly #namespace: string;
  #read = '';
  #known = new Map<string, ListedService>();

  /** @param namespace of the calling pod, whose Services have short names */
  constructor(file: string | undefined, namespace: string) {
    this.#file = file;
    this.#namespace = namespace;
  }

  /** Undefined for what is no Service of the cluster, or not on this port. */
  find(host: string, port: number): OriginalDestination | undefined {
    this.#refresh();
    const service = this.#known.get(host.toLowerCase().replace(/\.$/, ''));
    const socket = service?.ports[port];
    const ip = service?.addresses[0];
    return socket === undefined || ip === undefined ? undefined : { ip, socket };
  }

  #refresh(): void {
    if (this.#file === undefined) return;
    try {
      const { mtimeMs, ino } = statSync(this.#file);
      if (this.#read === `${mtimeMs} ${ino}`) return;
      const services = JSON.parse(readFileSync(this.#file, 'utf8')) as ListedService[];
      this.#read = `${mtimeMs} ${ino}`;
      this.#known = new Map(services.flatMap((one) => this.#names(one).map((name) => [name, one] as const)));
    } catch {
      // Not written yet.
    }
  }

  #names({ name, namespace, addresses }: ListedService): string[] {
    const full = `${name}.${namespace}`;
    const short = namespace === this.#namespace ? [name] : [];
    return [...short, full, `${full}.svc`, `${full}.svc.cluster.local`, ...addresses];
  }
}
