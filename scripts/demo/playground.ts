/**
 * What the demo uses of the playground. The cluster itself is reached through its kubeconfig only, as any real one.
 * `freeze` is the exception: no real cluster offers to make one of its proxies late.
 */
export interface DemoPlayground {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** The Istio ingress gateway; undefined without a mesh. */
  gatewayUrl: string | undefined;
  /** The NodePort of the plain Service. */
  serviceUrl: string;
  /** The delays in force, in words, for the demo's first lines. */
  describeDelays(): string[];
  /** Stops a proxy (`gateway` or `kube-proxy`) from hearing of changes for so long; then it catches up at once. */
  freeze(proxy: string, options: { forMs: number }): void;
  close(): Promise<void>;
}

export type StartPlayground = (options: {
  mesh: boolean;
  seed: number;
  /** Told when a part of the playground ends although nobody closed it. */
  onFailure: (error: Error) => void;
}) => Promise<DemoPlayground>;
