import type { SocketAddress } from '../network-types.ts';
import { isFree } from './listen.ts';
import type { LoopbackBlock } from './loopback-block.ts';
import type { OpenPodNetwork } from '../network-types.ts';

interface Pod {
  outer: string;
  inner: string;
  intercepted: boolean;
  /**
   * Declared ports that something else on this machine covers (a
   * wildcard listener) or that need root: the port used instead.
   */
  moved: Map<string, number>;
}

const PODS_PER_THIRD = 250;
const THIRDS = 120;
const INNER_OFFSET = 128;

/**
 * Every pod has its own loopback address and uses its ports as
 * declared; a pod with a sidecar has a second, inner one.
 */
export function addressPerPod(block: LoopbackBlock): OpenPodNetwork {
  const pods = new Map<string, Pod>();
  let count = 0;

  function resolve(podIp: string, port: number, side: 'inner' | 'outer'): SocketAddress | undefined {
    const pod = pods.get(podIp);
    if (pod === undefined) return undefined;
    const host = pod.intercepted ? pod[side] : pod.outer;
    return { host, port: pod.moved.get(`${host}:${port}`) ?? port };
  }

  async function addPorts(podIp: string, ports: number[]): Promise<void> {
    const pod = pods.get(podIp);
    if (pod === undefined) return;
    for (const host of [pod.outer, pod.inner]) {
      for (const port of ports) {
        if (!(await isFree(host, port))) pod.moved.set(`${host}:${port}`, await otherPort(host, port));
      }
    }
  }

  return {
    mode: 'address-per-pod',
    async allocate(_podUid, ports) {
      const third = Math.floor(count / PODS_PER_THIRD) % THIRDS;
      const fourth = 2 + (count % PODS_PER_THIRD);
      count += 1;
      const outer = `127.${block.second}.${third}.${fourth}`;
      const inner = `127.${block.second}.${third + INNER_OFFSET}.${fourth}`;
      pods.set(outer, { outer, inner, intercepted: false, moved: new Map() });
      await addPorts(outer, ports);
      return outer;
    },
    addPorts,
    outside: (podIp, port) => resolve(podIp, port, 'outer'),
    inside: (podIp, port) => resolve(podIp, port, 'inner'),
    intercept(podIp, intercepted) {
      const pod = pods.get(podIp);
      if (pod !== undefined) pod.intercepted = intercepted;
    },
    release: (podIp) => void pods.delete(podIp),
    close() {
      pods.clear();
      block.close();
    },
  };
}

async function otherPort(host: string, port: number): Promise<number> {
  for (let candidate = 10_000 + (port % 10_000); candidate < 30_000; candidate += 1) {
    if (await isFree(host, candidate)) return candidate;
  }
  throw new Error(`No free port on ${host} to stand in for ${port}.`);
}
