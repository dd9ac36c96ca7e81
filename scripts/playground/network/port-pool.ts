import type net from 'node:net';
import { isFree, takeMarker } from './listen.ts';

/** Hands out free ports of 127.0.0.1, each one once. */
export interface PortPool {
  take(): Promise<number>;
  close(): void;
}

// Below the range systems use for outgoing connections (Linux from 32768,
// macOS and Windows from 49152) and below the NodePorts (from 30000): a port
// drawn here is not taken by a client socket before the pod listens on it.
const FIRST_PORT = 10_240;
const BLOCK_SIZE = 64;
const BLOCKS = Math.floor((30_000 - FIRST_PORT) / BLOCK_SIZE);

/**
 * Ports come in blocks; the first port of a block is held open as a marker, so
 * that several playgrounds on one machine never draw from the same block. A port
 * is not handed out twice before every block of the machine was used: a connection
 * that comes late to a dead pod must be refused, not answered by its successor.
 */
export function createPortPool(): PortPool {
  const markers: net.Server[] = [];
  let nextBlock = Math.floor(Math.random() * BLOCKS);
  let port = 0;
  let blockEnd = 0;

  async function claimBlock(): Promise<void> {
    for (let tries = 0; tries < BLOCKS; tries += 1) {
      const start = FIRST_PORT + (nextBlock % BLOCKS) * BLOCK_SIZE;
      nextBlock += 1;
      const marker = await takeMarker('127.0.0.1', start);
      if (marker === undefined) continue;
      markers.push(marker);
      port = start + 1;
      blockEnd = start + BLOCK_SIZE;
      return;
    }
    throw new Error(
      `No block of ${BLOCK_SIZE} free ports on 127.0.0.1 from ${FIRST_PORT} up. Stop other playgrounds first.`,
    );
  }

  async function takeNext(): Promise<number> {
    for (;;) {
      if (port >= blockEnd) await claimBlock();
      const candidate = port;
      port += 1;
      if (await isFree('127.0.0.1', candidate)) return candidate;
    }
  }

  // One at a time: two callers must not see the same candidate.
  let last: Promise<unknown> = Promise.resolve();
  return {
    take() {
      const mine = last.then(takeNext);
      last = mine.catch(() => undefined);
      return mine;
    },
    close() {
      for (const marker of markers.splice(0)) marker.close();
    },
  };
}
