/** Everything that needs @kubernetes/client-node, behind one lazy import: it takes a second to load. */
export { loadKubeConfig } from './config.ts';
export { createPodForward } from './forward.ts';
export { createTransport } from './transport.ts';
