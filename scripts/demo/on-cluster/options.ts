import type { ClusterFlags } from '../../shared/cluster/flags.ts';

/** What a demo on a real cluster is told. */
export interface OnClusterOptions {
  flags: ClusterFlags;
  /** Image of the service; it says its version by the variable VERSION, so both versions run the same one. */
  image: string | undefined;
  /** The ingress gateway's address, where it cannot be found. */
  gateway: string | undefined;
  /** Where callers reach the service or the gateway, where the addresses that the cluster names cannot be reached. */
  address?: string | undefined;
  /** Image of the load, should it have to run inside the cluster. */
  toolsImage?: string | undefined;
}

/** Each namespace of a demo carries it: what a killed demo left behind is found by it. */
export const demoLabel = { name: 'app.kubernetes.io/managed-by', value: 'coffee-shop-demo' } as const;

export const demoSelector = `${demoLabel.name}=${demoLabel.value}`;

/** As `npm run image -- coffee-shop-tools` names it. */
export const defaultToolsImage = 'coffee-shop-tools:1.0.0';
