import type { Prover } from '../../scripts/switch/index.ts';

const believed = () => Promise.resolve({ proxies: 0 });

/** Believes everything: the switch without its proofs. */
export const believer: Prover = { endpoints: believed, routes: believed, quiet: believed, gone: believed };
