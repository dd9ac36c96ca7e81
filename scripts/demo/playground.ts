import type { LoadProcess, LoadProcessOptions } from '../load/index.ts';
import type { ClusterChoice } from '../shared/cluster/flags.ts';

export interface Entries {
  urls: string[];
  /** Somebody said so: no other way is tried. */
  isNamed: boolean;
  /** Addresses that were found and lead nowhere, with what was seen. */
  closed: { url: string; seen: string }[];
}

/**
 * Where a release takes place: a fresh playground, or a namespace of a real cluster (`on-cluster/`). The cluster itself is reached through its kubeconfig only, as any real one.
 * `freeze` is the exception: no real cluster offers to make one of its proxies late.
 */
export interface DemoPlayground {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Which context and namespace in it, where it does not say by itself. */
  choice?: ClusterChoice;
  /** Values the templates need here: the image, the hosts. */
  vars?: Record<string, string>;
  /** The name by which callers ask, where the address serves others too. */
  host?: string;
  /** The Istio ingress gateway; undefined without a mesh. */
  gatewayUrl: string | undefined;
  /** The NodePort of the plain Service. */
  serviceUrl: string;
  /** Its namespace says already which pods get a sidecar. */
  isPrepared?: boolean;
  /** Where callers may ask, the likeliest first, once the Service is there; none where the way is closed. Default: the gateway, or the Service. */
  findEntries?: (mesh: boolean) => Promise<Entries>;
  /** Callers that run inside the cluster, for where nobody outside can reach the service. */
  inside?: {
    /** Where they ask. */
    entry(mesh: boolean): Promise<string>;
    startLoad(options: LoadProcessOptions): Promise<LoadProcess>;
    /** An address from outside turned out not to serve. */
    onUnreachable(why: string): void;
  };
  /** The delays in force, in words, for the demo's first lines. */
  describeDelays(): string[];
  /** Stops a proxy (`gateway` or `kube-proxy`) from hearing of changes for so long; then it catches up at once. */
  freeze(proxy: string, options: { forMs: number }): void;
  close(): Promise<void>;
}

/** What a release needs of it: to reach it, and nothing that only who started it may do. */
export type ReleaseCluster = Omit<DemoPlayground, 'describeDelays' | 'freeze' | 'close'>;

export type StartPlayground = (options: {
  mesh: boolean;
  seed: number;
  /** Told when a part of the playground ends although nobody closed it. */
  onFailure: (error: Error) => void;
}) => Promise<DemoPlayground>;

/** How to connect to it. */
export const choiceOf = ({ choice, kubeconfig }: ReleaseCluster): ClusterChoice =>
  choice ?? { kubeconfigs: [kubeconfig] };
