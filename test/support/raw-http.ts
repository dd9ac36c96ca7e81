import { connect, type Socket } from 'node:net';

/** A connection on which a test decides every byte. */
export interface RawConnection {
  socket: Socket;
  send(text: string): void;
  /** What has arrived so far. */
  received(): string;
  /** Resolves as soon as what has arrived satisfies `condition`; rejects if the connection closes before. */
  until(condition: (text: string) => boolean): Promise<string>;
  /** Resolves with everything received once the other side has closed. */
  closed: Promise<string>;
}

export function openRaw(port: number, { allowHalfOpen = false } = {}): RawConnection {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  let text = '';
  const changed = new Set<() => void>();
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    for (const look of changed) look();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) =>
    socket.once('close', () => {
      resolve(text);
    }),
  );
  return {
    socket,
    send: (more) => {
      socket.write(more);
    },
    received: () => text,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!condition(text)) return;
          changed.delete(look);
          resolve(text);
        };
        changed.add(look);
        socket.once('close', () => {
          reject(new Error(`closed after ${JSON.stringify(text)}`));
        });
        look();
      }),
    closed,
  };
}

/** How often `part` occurs in `text`. */
export function count(text: string, part: string | RegExp): number {
  return text.split(part).length - 1;
}
