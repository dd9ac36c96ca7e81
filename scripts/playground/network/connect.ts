import { once } from 'node:events';
import net from 'node:net';
import type { PodNetwork } from '../network-types.ts';
import type { Pod } from '../pod-types.ts';
import type { ObjectStore } from '../storage/types.ts';

/**
 * Connects to a port inside a pod, as port-forward does (it enters the pod's network: `localhost:port` there,
 * past the sidecar). Rejects when the pod has no address yet or nothing listens.
 */
export async function connectToPod(
  { store, network }: { store: ObjectStore; network: PodNetwork },
  namespace: string,
  podName: string,
  port: number,
): Promise<net.Socket> {
  const ip = store.get<Pod>('v1/pods', namespace, podName)?.status?.podIP;
  const socket = ip === undefined ? undefined : network.inside(ip, port);
  if (socket === undefined) throw new Error(`dial tcp4 127.0.0.1:${port}: connect: connection refused`);
  const connection = net.connect({
    host: socket.host,
    port: socket.port,
    allowHalfOpen: true,
    noDelay: true,
  });
  await once(connection, 'connect');
  return connection;
}
