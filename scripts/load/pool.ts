import { createConnection, type ConnectionOptions, type Ending } from './connection.ts';

/** A fixed number of connections, used round-robin: the one idle for longest comes next. */
export interface Pool {
  /** Sends one request; false when every connection is busy. */
  trySend(now: number, done: (ending: Ending) => void): boolean;
  /** Aborts every request that has been in flight for longer than the timeout. */
  expire(now: number): void;
  readonly busy: number;
  /** Connections opened so far. */
  readonly opened: number;
  close(): void;
}

/** @param timeoutMs from sending (connecting included) to the end of the answer */
export function createPool(size: number, timeoutMs: number, options: ConnectionOptions): Pool {
  let opened = 0;
  const open: ConnectionOptions['open'] = () => {
    opened += 1;
    return options.open();
  };
  const connections = Array.from({ length: size }, () => ({
    connection: createConnection({ ...options, open }),
    expiresAt: Infinity,
  }));
  // A ring buffer: `idle` connections are free, the first one at `head`.
  const ring = [...connections];
  let head = 0;
  let idle = size;

  return {
    trySend(now, done) {
      const slot = idle > 0 ? ring[head] : undefined;
      if (!slot) return false;
      head = (head + 1) % size;
      idle -= 1;
      slot.expiresAt = now + timeoutMs;
      slot.connection.send((ending) => {
        slot.expiresAt = Infinity;
        ring[(head + idle) % size] = slot;
        idle += 1;
        done(ending);
      });
      return true;
    },
    expire(now) {
      for (const { connection, expiresAt } of connections) {
        if (now >= expiresAt) connection.fail('timeout', `no answer within ${timeoutMs} ms`);
      }
    },
    get busy() {
      return size - idle;
    },
    get opened() {
      return opened;
    },
    close() {
      for (const { connection } of connections) connection.close();
    },
  };
}
