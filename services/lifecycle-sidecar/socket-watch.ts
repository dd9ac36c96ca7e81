import { readFile } from 'node:fs/promises';
import type { Clock } from '../shared/clock.ts';
import { type Look, reasonOf, type Watch } from './watch.ts';

export interface SocketWatchOptions {
  appPort: number;
  clock: Clock;
  /** Reads the kernel's tables, one text per table. */
  readTables?: () => Promise<string[]>;
}

/**
 * For an app that tells nothing at all: the kernel knows its connections, since the containers of a pod share
 * one network. An idle connection looks like a busy one, so the app is quiet only when there is none.
 */
export function createSocketWatch({
  appPort,
  clock,
  readTables = readProcTables,
}: SocketWatchOptions): Watch {
  let lastBusyAt = -Infinity;
  return {
    name: 'sockets',
    beginDrain: () => Promise.resolve(true),
    async look(): Promise<Look> {
      try {
        const { listening, open } = countSockets(await readTables(), appPort);
        if (open > 0) lastBusyAt = clock.now();
        if (!listening && open === 0) return { app: 'gone' };
        return { app: 'serving', activity: { active: open, lastAt: lastBusyAt } };
      } catch (error) {
        return { app: 'unknown', reason: reasonOf(error) };
      }
    },
    account: () => (lastBusyAt === -Infinity ? {} : { lastConnectionAt: lastBusyAt }),
    works: async () => {
      try {
        return countSockets(await readTables(), appPort).listening;
      } catch {
        return false;
      }
    },
  };
}

// https://docs.kernel.org/networking/proc_net_tcp.html, states in include/net/tcp_states.h
const established = '01';
const beingEstablished = '03';
const listen = '0A';

/** Connections to a local port, and whether anything listens on it. */
export function countSockets(tables: readonly string[], port: number): { listening: boolean; open: number } {
  let listening = false;
  let open = 0;
  for (const line of tables.flatMap((table) => table.split('\n'))) {
    const [, , localPort, state] =
      /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line) ?? [];
    if (localPort === undefined || parseInt(localPort, 16) !== port) continue;
    if (state === listen) listening = true;
    if (state === established || state === beingEstablished) open += 1;
  }
  return { listening, open };
}

async function readProcTables(): Promise<string[]> {
  const tables = await Promise.all(
    // A kernel without IPv6 has no second table.
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  if (tables.every((table) => table === '')) throw new Error('/proc/net/tcp cannot be read');
  return tables;
}
