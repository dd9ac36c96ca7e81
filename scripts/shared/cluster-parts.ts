/** What needs @kubernetes/client-node, behind one import: it takes a second to load. */
export { loadKubeConfig } from './cluster-config.ts';
export { createPodForward } from './cluster-forward.ts';
export { createTransport } from './cluster-transport.ts';
