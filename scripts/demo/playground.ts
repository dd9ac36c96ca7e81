import type { LoadProcess, LoadProcessOptions } from '../load/index.ts';
import type { ClusterChoice } from '../shared/cluster/flags.ts';

export interface Entries {
  urls: string[];
  /** Given by the user: no other address is tried. */
  isNamed: boolean;
  /** Addresses that were found but cannot be reached, with the reason. */
  closed: { url: string; seen: string }[];
}

/**
 * The environment of a release: a fresh playground, or a namespace of a real
 * cluster (`on-cluster/`). The cluster is reached through its kubeconfig only.
 * `freeze` is the exception: a real cluster cannot make one of its proxies late.
 */
export interface DemoPlayground {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Context and namespace in it, unless they are its defaults. */
  choice?: ClusterChoice;
  /** Template values for this environment: the image, the hosts. */
  vars?: Record<string, string>;
  /** The host name of the requests, where the address serves others too. */
  host?: string;
  /** The Istio ingress gateway; undefined without a mesh. */
  gatewayUrl: string | undefined;
  /** The NodePort of the plain Service. */
  serviceUrl: string;
  /** Its namespace already enables sidecar injection. */
  isPrepared?: boolean;
  /**
   * Addresses for callers outside, the likeliest first, once the Service exists; empty when none can be
   * reached. Default: the gateway, or the Service.
   */
  findEntries?: (mesh: boolean) => Promise<Entries>;
  /** Callers inside the cluster, for when the service cannot be reached from outside. */
  inside?: {
    /** Their address of the service. */
    entry(mesh: boolean): Promise<string>;
    startLoad(options: LoadProcessOptions): Promise<LoadProcess>;
    /** Called when an address from outside does not serve. */
    onUnreachable(why: string): void;
  };
  /** The delays in force, in words, for the demo's first lines. */
  describeDelays(): string[];
  /**
   * Freezes a proxy (`gateway` or `kube-proxy`): for this time it
   * learns of no change, then it catches up at once.
   */
  freeze(proxy: string, options: { forMs: number }): void;
  close(): Promise<void>;
}

/** The part that a release needs: how to reach it, without the owner's methods. */
export type ReleaseCluster = Omit<DemoPlayground, 'describeDelays' | 'freeze' | 'close'>;

export type StartPlayground = (options: {
  mesh: boolean;
  seed: number;
  /** Called when a part of the playground ends unexpectedly. */
  onFailure: (error: Error) => void;
}) => Promise<DemoPlayground>;

/** How to connect to it. */
export const choiceOf = ({ choice, kubeconfig }: ReleaseCluster): ClusterChoice =>
  choice ?? { kubeconfigs: [kubeconfig] };
