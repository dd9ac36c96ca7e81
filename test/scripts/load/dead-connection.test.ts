import { afterEach, describe, expect, it } from '@jest/globals';
import { runLoad } from '../../../scripts/load/index.ts';
import { startFaultServer, type Fault, type FaultServer } from './fault-server.ts';

let server: FaultServer;
afterEach(() => server.close());

async function onDeadConnection(decide: (request: number) => Fault): Promise<[number, number]> {
  server = await startFaultServer(decide);
  // One connection, one request at a time: which one met what is certain.
  const account = await runLoad({
    url: server.url,
    qps: 100,
    connections: 1,
    durationMs: 200,
    timeoutMs: 5_000,
  });
  return [account.lost, account.onDeadConnection];
}

describe('a loss on a dead connection', () => {
  it.each<Fault>(['reset', 'fin'])('is a %s after the connection had carried a request', async (fault) => {
    expect(await onDeadConnection((n) => (n % 4 === 0 ? fault : 'answer'))).toEqual([5, 5]);
  });

  it.each<Fault>(['reset', 'fin'])('is no %s of a first request', async (fault) => {
    expect(await onDeadConnection(() => fault)).toEqual([20, 0]);
  });

  it.each<Fault>(['503', 'truncate'])('is no answer that came, a %s', async (fault) => {
    expect(await onDeadConnection((n) => (n % 4 === 0 ? fault : 'answer'))).toEqual([5, 0]);
  });

  it('is none after the server said Connection: close', async () => {
    expect(await onDeadConnection((n) => (n % 2 === 0 ? 'reset' : 'answer and close'))).toEqual([10, 0]);
  });
});
