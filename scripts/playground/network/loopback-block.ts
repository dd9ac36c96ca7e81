import type net from 'node:net';
import { isFree, takeMarker } from './listen.ts';

/** A private part of 127.0.0.0/8: `127.<second>.0.0/16`, marked as taken while it is open. */
export interface LoopbackBlock {
  second: number;
  close(): void;
}

/** Claims a block no other playground on this machine uses; undefined where only 127.0.0.1 exists. */
export async function claimLoopbackBlock(): Promise<LoopbackBlock | undefined> {
  const first = Math.floor(Math.random() * 254);
  for (let tries = 0; tries < 254; tries += 1) {
    const second = 1 + ((first + tries) % 254);
    const marker = await tryBlock(second);
    if (marker !== undefined) return { second, close: () => void marker.close() };
    if (tries === 3 && !(await isFree(`127.${second}.255.254`, 0))) return undefined;
  }
  return undefined;
}

async function tryBlock(second: number): Promise<net.Server | undefined> {
  // A different port per block: one stray wildcard listener costs one block, not all of them.
  return await takeMarker(`127.${second}.255.254`, 20_000 + second * 16);
}
