import type { ClusterFlags } from '../../shared/cluster/flags.ts';

/** The options of a demo on a real cluster. */
export interface OnClusterOptions {
  flags: ClusterFlags;
  /** Image of the service; it says its version by the variable VERSION, so both versions run the same one. */
  image: string | undefined;
  /** The ingress gateway's address, where it cannot be found. */
  gateway: string | undefined;
  /** The address of the service or the gateway, when the addresses of the cluster cannot be reached. */
  address?: string | undefined;
  /** Image of the load, if it has to run inside the cluster. */
  toolsImage?: string | undefined;
}

/** Label of each namespace of a demo, by which leftovers of a killed one are found. */
export const demoLabel = { name: 'app.kubernetes.io/managed-by', value: 'coffee-shop-demo' } as const;

export const demoSelector = `${demoLabel.name}=${demoLabel.value}`;

/** As `npm run image -- coffee-shop-tools` names it. */
export const defaultToolsImage = 'coffee-shop-tools:1.0.0';
