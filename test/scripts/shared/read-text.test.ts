import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../scripts/shared/cluster/cluster.ts';
import { readText, TooLongError } from '../../../scripts/shared/read-text.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { askPrometheus } from '../../../scripts/switch/canary/prometheus-source.ts';
import { startFakeApiServer } from './cluster/fake-api-server.ts';

describe('reading an answer to its end', () => {
  it('joins the pieces, characters that were cut apart included', async () => {
    const bytes = Buffer.from('größer');
    async function* pieces() {
      for (const byte of bytes) yield await Promise.resolve(Uint8Array.of(byte));
    }
    expect(await readText(pieces(), { who: 'it', limitBytes: bytes.length })).toBe('größer');
    expect(await readText(null, { who: 'it' })).toBe('');
  });

  it('stops at the limit, names who answers and how much is read, and gives the stream up', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield await Promise.resolve(new Uint8Array(1000));
      } finally {
        ended = true;
      }
    }
    await expect(readText(endless(), { who: 'pod a', limitBytes: 64 * 1024 })).rejects.toThrow(
      'pod a answered more than 64 KB; the rest was not read.',
    );
    expect(ended).toBe(true);
  });
});

describe('an answer that has no end', () => {
  /** Sends until the other side leaves. */
  const endless = (_asked: unknown, response: http.ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const piece = 'x'.repeat(1_000_000);
    const more = () => {
      while (!response.destroyed) if (!response.write(piece)) return void response.once('drain', more);
    };
    more();
    response.on('close', () => (left = true));
  };
  let left: boolean;
  let server: http.Server;
  let url: string;
  beforeEach(async () => {
    left = false;
    server = http.createServer((request, response) => endless(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const isLeft = () => waitFor(() => left, { deadlineMs: 10_000, what: 'the reader to leave' });

  it('is given up after 64 MB when the API server gives it, to a read and to a watch', async () => {
    const fake = await startFakeApiServer();
    const cluster = await connectCluster(
      { kubeconfigs: [fake.kubeconfig] },
      { fieldManager: 'test', timeoutMs: 25_000, retryForMs: 0, watchSilenceMs: 25_000 },
    );
    try {
      fake.next(endless);
      const refused = `The API server at ${fake.url} (get pods a) answered more than 64 MB; the rest was not read.`;
      await expect(cluster.get(resources.pods, 'a')).rejects.toThrow(refused);
      await isLeft();
      left = false;
      fake.next((_asked, response) => {
        response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
      }, endless);
      const watch = cluster.watch(resources.pods, { signal: AbortSignal.timeout(25_000) });
      await expect(watch.next()).rejects.toBeInstanceOf(TooLongError);
      await isLeft();
    } finally {
      await cluster.close();
      await fake.close();
    }
  }, 120_000);

  it('is given up after 64 MB when Prometheus gives it', async () => {
    await expect(askPrometheus(url, 'up', AbortSignal.timeout(25_000))).rejects.toThrow(
      `Prometheus at ${url} answered more than 64 MB; the rest was not read.`,
    );
    await isLeft();
  });
});
