import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resetConnection } from '../../network/reset-connection.ts';

let server: net.Server;
afterEach(() => {
  server.close();
});

/**
 * What a client sees of a connection that the server ends in this way,
 * and what the server's own socket complains about.
 */
async function endedBy(end: (socket: net.Socket) => void): Promise<{ seen: string[]; complaints: string[] }> {
  const complaints: string[] = [];
  server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', (error) => complaints.push(String(error)));
    end(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const seen: string[] = [];
  client.on('data', (data) => seen.push(data.toString()));
  client.on('error', ({ message }) => seen.push(message));
  await new Promise<void>((resolve) => client.on('close', () => resolve()));
  return { seen, complaints };
}

describe('a connection that is reset', () => {
  it('says so to its peer', async () => {
    const { seen, complaints } = await endedBy(resetConnection);
    expect(seen.join()).toContain('ECONNRESET');
    expect(complaints).toEqual([]);
  });

  it.each([
    ['in the same moment', (reset: () => void) => reset()],
    ['a moment later', (reset: () => void) => process.nextTick(reset)],
  ])('is closed also when it is reset %s in which it ends', async (_when, later) => {
    const { seen, complaints } = await endedBy((socket) => {
      socket.end('last words');
      later(() => resetConnection(socket));
    });
    // Without the wait Node complains of EINVAL, and the peer would wait for ever.
    expect(complaints).toEqual([]);
    expect(seen.at(-1)).toMatch(/last words|ECONNRESET/);
  });
});
