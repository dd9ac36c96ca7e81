import net from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPodNetwork, type OpenPodNetwork } from '../../network/index.ts';
import type { SocketAddress } from '../../network-types.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const key = (socket: SocketAddress | undefined): string => `${socket?.host ?? ''}:${socket?.port ?? 0}`;

describe.each(['address-per-pod', 'port-per-pod'] as const)('the pod network, one %s', (mode) => {
  async function network(): Promise<OpenPodNetwork> {
    const one = await createPodNetwork({ mode });
    open.push(one);
    return one;
  }

  it('gives every port of every pod a socket that can be listened on', async () => {
    const pods = await network();
    const ips = [await pods.allocate('a', [8080, 9090]), await pods.allocate('b', [8080, 9090])];
    const sockets = ips.flatMap((ip) => [8080, 9090].map((port) => pods.outside(ip, port)));
    expect(new Set(ips).size).toBe(2);
    expect(new Set(sockets.map(key)).size).toBe(4);
    for (const socket of sockets) {
      const server = net.createServer().listen(socket?.port, socket?.host);
      open.push(server);
      await once(server, 'listening');
    }
  });

  it('has one socket inside and outside of a pod, and two when something stands between', async () => {
    const pods = await network();
    const ip = await pods.allocate('a', [8080]);
    expect(pods.inside(ip, 8080)).toEqual(pods.outside(ip, 8080));
    pods.intercept(ip, true);
    expect(pods.inside(ip, 8080)).not.toEqual(pods.outside(ip, 8080));
  });

  it('knows no released and no unknown pod', async () => {
    const pods = await network();
    const ip = await pods.allocate('a', [8080]);
    pods.release(ip);
    expect(pods.outside(ip, 8080)).toBeUndefined();
    expect(pods.inside('10.9.8.7', 8080)).toBeUndefined();
  });

  it("never hands out a dead pod's socket again", async () => {
    const pods = await network();
    const seen = new Set<string>();
    for (let count = 0; count < 40; count += 1) {
      const ip = await pods.allocate(String(count), [8080]);
      seen.add(key(pods.outside(ip, 8080)));
      pods.release(ip);
    }
    expect(seen.size).toBe(40);
  });

  it('does not share sockets with other networks on the machine', async () => {
    const several = await Promise.all([network(), network(), network()]);
    const sockets = await Promise.all(
      several.map(async (pods) => key(pods.outside(await pods.allocate('a', [8080]), 8080))),
    );
    expect(new Set(sockets).size).toBe(3);
  });

  it('adds ports that become known later', async () => {
    const pods = await network();
    const ip = await pods.allocate('a', [8080]);
    await pods.addPorts(ip, [15_000]);
    expect(pods.inside(ip, 15_000)).toBeDefined();
  });
});

describe('the pod network with an address per pod', () => {
  it('moves a port that somebody else on the machine covers', async () => {
    const stranger = net.createServer().listen(0, '0.0.0.0');
    open.push(stranger);
    await once(stranger, 'listening');
    const { port } = stranger.address() as net.AddressInfo;
    const pods = await createPodNetwork({ mode: 'address-per-pod' });
    open.push(pods);
    const ip = await pods.allocate('a', [port, 8080]);
    expect(pods.outside(ip, port)?.host).toBe(ip);
    expect(pods.outside(ip, port)?.port).not.toBe(port);
  });
});
