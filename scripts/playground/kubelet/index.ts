export { createImages, type Images } from './images.ts';
export { startGuard, type Guard } from './guard.ts';
export { KUBELET_DELAYS, type KubeletDelays } from './options.ts';
export { NODE_NAME, startKubelet, type Kubelet, type KubeletOptions, type PodLogOptions } from './kubelet.ts';
