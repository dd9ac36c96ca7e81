export { connectToPod } from './connect.ts';
export { createPodNetwork, type PodNetworkOptions } from './pod-network.ts';
export { type OpenPodNetwork } from '../network-types.ts';
export { keepServiceList } from './service-list.ts';
export { createRandom, drawMs, type Delay, type Random } from './random.ts';
export {
  RULES_LAG,
  RULES_MIN_PERIOD_MS,
  startServiceProxy,
  type ServiceProxy,
  type ServiceProxyOptions,
} from './service-proxy.ts';
