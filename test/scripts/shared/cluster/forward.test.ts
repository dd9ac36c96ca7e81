import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { pause, waitFor } from '../../../../scripts/shared/wait.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import type { FakeApiServer } from './fake-api-server.ts';

let fake: FakeApiServer;
let cluster: Cluster;
beforeEach(async () => {
  fake = await startFakeApiServer();
  cluster = await connectCluster(
    { kubeconfigs: [fake.kubeconfig] },
    { fieldManager: 'test', timeoutMs: 1000, retryForMs: 0 },
  );
});
afterEach(async () => {
  await cluster.close();
  await fake.close();
});

const answer = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const pathOf = (bytes: Buffer) => bytes.toString().split(' ')[1] ?? '';

describe('a port-forward', () => {
  it('carries many requests over one kept-open stream', async () => {
    fake.onForward = (send) => (bytes) => send(answer(pathOf(bytes)));
    const forward = cluster.forward('shop', 'a-pod', 15000);
    for (const path of ['/one', '/two', '/three']) {
      expect(await forward.request(path)).toMatchObject({ status: 200, body: path });
    }
    expect(await Promise.all(['/4', '/5'].map(async (path) => (await forward.request(path)).body))).toEqual([
      '/4',
      '/5',
    ]);
    expect(fake.webSockets).toBe(1);
    forward.close();
  });

  it('passes on an answer that comes in many pieces', async () => {
    const body = 'x'.repeat(300_000);
    fake.onForward = (send) => () => {
      const whole = answer(body);
      for (let at = 0; at < whole.length; at += 1000) send(whole.slice(at, at + 1000));
    };
    expect((await cluster.forward('shop', 'a-pod', 15000).request('/')).body).toHaveLength(300_000);
  });

  it('opens a new stream when the kept one has died', async () => {
    fake.onForward = (send, _fail, socket) => (bytes) => {
      if (pathOf(bytes) === '/last') socket.terminate();
      else send(answer(pathOf(bytes)));
    };
    const forward = cluster.forward('shop', 'a-pod', 15000);
    await forward.request('/one');
    fake.onForward = (send) => (bytes) => send(answer(`again ${pathOf(bytes)}`));
    expect((await forward.request('/last')).body).toBe('again /last');
    expect(fake.webSockets).toBe(2);
  });

  it('notices when the pod closes the kept stream while nobody uses it', async () => {
    let close: () => void = () => undefined;
    fake.onForward = (send, _fail, socket) => {
      close = () => socket.close(1000);
      return (bytes) => send(answer(pathOf(bytes)));
    };
    const forward = cluster.forward('shop', 'a-pod', 15000);
    await forward.request('/one');
    close();
    await pause(50);
    expect((await forward.request('/two', { method: 'POST' })).body).toBe('/two');
    expect(fake.webSockets).toBe(2);
  });

  it('says what the kubelet said when nothing listens on the port', async () => {
    fake.onForward = (_send, fail, socket) => {
      fail('error forwarding port 15000: connect: connection refused');
      socket.close();
      return () => undefined;
    };
    await expect(cluster.forward('shop', 'a-pod', 15000).request('/')).rejects.toThrow(
      'shop/a-pod:15000 does not answer: error forwarding port 15000: connect: connection refused',
    );
  });

  it('says that the pod is gone, with the API server’s status', async () => {
    fake.refuseForward = {
      status: 404,
      body: JSON.stringify({ kind: 'Status', reason: 'NotFound', message: 'pods "a-pod" not found' }),
    };
    await expect(cluster.forward('shop', 'a-pod', 15000).request('/')).rejects.toMatchObject({
      status: 404,
      reason: 'NotFound',
      message: 'port-forward to shop/a-pod:15000: 404 NotFound: pods "a-pod" not found',
    });
  });

  it('gives up on a pod that never answers', async () => {
    await expect(cluster.forward('shop', 'a-pod', 15000).request('/', { timeoutMs: 100 })).rejects.toThrow(
      'shop/a-pod:15000 does not answer: no answer in 100 ms',
    );
  });

  it('does not take half an answer for one', async () => {
    fake.onForward = (send, _fail, socket) => () => {
      send(answer('0123456789').slice(0, -5));
      socket.close();
    };
    await expect(cluster.forward('shop', 'a-pod', 15000).request('/')).rejects.toThrow('does not answer');
  });

  it('does not read an answer that has no end, and says who gives it', async () => {
    let isOver = false;
    fake.onForward = (send, _fail, socket) => {
      socket.on('close', () => (isOver = true));
      return () => {
        send('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n');
        const more = () => {
          if (isOver) return;
          for (let n = 0; n < 16; n += 1) send('x'.repeat(8192));
          setImmediate(more);
        };
        more();
      };
    };
    const forward = cluster.forward('shop', 'a-pod', 15000);
    await expect(forward.request('/stats', { limitBytes: 64 * 1024, timeoutMs: 20_000 })).rejects.toThrow(
      'shop/a-pod:15000 (GET /stats) answered more than 64 KB; the rest was not read.',
    );
    await waitFor(() => isOver, { deadlineMs: 5000, what: 'the stream to end' });
  });

  it('does not wait for the end of a refusal', async () => {
    fake.refuseForward = { status: 403, body: 'no '.repeat(40_000) };
    await expect(cluster.forward('shop', 'a-pod', 15000).request('/')).rejects.toMatchObject({ status: 403 });
  });
});
