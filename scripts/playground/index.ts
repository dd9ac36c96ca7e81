/**
 * An embedded cluster in one process tree: start it, hand over its
 * kubeconfig, close it. Nobody outside knows more of it than this.
 */
export type { Fault, FaultHook } from './apiserver/index.ts';
export { openCoffeeShop } from './coffee-shop.ts';
export { meshOptions, parseMesh, type MeshKind, type PlaygroundOptions } from './options.ts';
export type { Playground } from './playground.ts';
export { startPlayground } from './start-playground.ts';
