import type { SocketAddress } from '../network-types.ts';
import type { OpenPodNetwork } from '../network-types.ts';
import { createPortPool } from './port-pool.ts';

interface Pod {
  intercepted: boolean;
  outer: Map<number, number>;
  inner: Map<number, number>;
}

/**
 * All pods share 127.0.0.1; every port of every pod is a real port of
 * its own. The pod's IP is a label only this network can resolve.
 */
export function portPerPod(): OpenPodNetwork {
  const pods = new Map<string, Pod>();
  const pool = createPortPool();
  let count = 0;

  function resolve(podIp: string, port: number, side: 'inner' | 'outer'): SocketAddress | undefined {
    const pod = pods.get(podIp);
    const real = pod?.[pod.intercepted ? side : 'outer'].get(port);
    return real === undefined ? undefined : { host: '127.0.0.1', port: real };
  }

  async function addPorts(podIp: string, ports: number[]): Promise<void> {
    const pod = pods.get(podIp);
    if (pod === undefined) return;
    for (const port of ports) {
      if (pod.outer.has(port)) continue;
      pod.outer.set(port, await pool.take());
      pod.inner.set(port, await pool.take());
    }
  }

  return {
    mode: 'port-per-pod',
    async allocate(_podUid, ports) {
      count += 1;
      // As a node's pod CIDR: 10.244.0.0/16, from .1 up.
      const podIp = `10.244.${(count >> 8) % 256}.${count % 256}`;
      pods.set(podIp, { intercepted: false, outer: new Map(), inner: new Map() });
      await addPorts(podIp, ports);
      return podIp;
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
      pool.close();
    },
  };
}
