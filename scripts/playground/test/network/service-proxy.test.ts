import net from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPodNetwork, createRandom, startServiceProxy } from '../../network/index.ts';
import type { KubeObject } from '../../storage/types.ts';
import { createStore } from '../../storage/store.ts';
import { waitFor } from '../../../shared/wait.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

type Service = KubeObject<{ type: string; ports: { port: number; nodePort?: number }[] }>;

describe("a node's forwarders", () => {
  it('listen on the node port of a Service that was reached by its cluster IP before', async () => {
    const store = createStore();
    const network = await createPodNetwork({});
    const proxy = startServiceProxy({ store, network, random: createRandom(1) });
    open.push(proxy, network);
    const shop = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace: 'default' },
      spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
    };
    store.create('v1/services', shop);
    const asClusterIp = await proxy.open('default', 'shop', 80);
    const created = store.get<Service>('v1/services', 'default', 'shop');
    if (created === undefined) throw new Error('no Service');

    store.update<Service>('v1/services', { ...created, spec: { ports: [{ port: 80 }], type: 'NodePort' } });

    const nodePort = store.get<Service>('v1/services', 'default', 'shop')?.spec?.ports[0]?.nodePort ?? 0;
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    expect(nodePort).not.toBe(asClusterIp.port);
    await waitFor(() => accepts(nodePort), { deadlineMs: 5_000, what: `a listener on ${nodePort}` });
    expect(await accepts(asClusterIp.port)).toBe(true);
  });
});

/**
 * Without endpoints a connection is reset, sometimes before it is
 * told: only a refusal means that nobody listens.
 */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
