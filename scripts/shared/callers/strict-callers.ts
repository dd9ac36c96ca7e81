import { connect, type Socket } from 'node:net';

/** What became of the requests; `sent` is the sum of the rest. */
export interface LoadResult {
  sent: number;
  ok: number;
  lost: number;
  /** Answers other than 200, refusals, resets, and connections closed without an answer, by kind. */
  byKind: Record<string, number>;
  /** Answers by the version that gave them. */
  byVersion: Record<string, number>;
  connectionsOpened: number;
}

export interface KeepAliveLoad {
  /** The account so far; it goes on changing. */
  readonly soFar: Readonly<LoadResult>;
  /** Waits for every request in flight, then resolves with the account. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  port: number;
  connections: number;
  /**
   * Mean pause of a connection between an answer and the next request. Pauses are
   * exponentially distributed unless `pauses` says otherwise, but at most four times
   * the mean: a connection that sleeps through a whole drain is another test's matter.
   */
  pauseMs: number;
  /** `steady`: every pause is the mean, give or take 10 ms. */
  pauses?: 'exponential' | 'steady';
  /** False: a new connection per request. */
  keepAlive?: boolean;
  /** What the requests name as their host. Default `coffee`. */
  host?: string;
}

/**
 * Callers as strict as HTTP/1.1 allows: they keep connections, obey `Connection: close` and never send a
 * request twice. Raw sockets, so that no agent hides a loss by retrying.
 */
export function startKeepAliveLoad(options: LoadOptions): KeepAliveLoad {
  const result: LoadResult = { sent: 0, ok: 0, lost: 0, byKind: {}, byVersion: {}, connectionsOpened: 0 };
  let stopping = false;
  const callers = Array.from({ length: options.connections }, () => call(options, result, () => stopping));
  return {
    soFar: result,
    async stop() {
      stopping = true;
      await Promise.all(callers);
      return result;
    },
  };
}

async function call(
  { port, pauseMs, pauses = 'exponential', keepAlive = true, host = 'coffee' }: LoadOptions,
  result: LoadResult,
  isStopping: () => boolean,
): Promise<void> {
  let socket: Socket | undefined;
  while (!isStopping()) {
    const chance = Math.random();
    const ms =
      pauses === 'steady' ? pauseMs + 20 * (chance - 0.5) : Math.min(4, -Math.log(1 - chance)) * pauseMs;
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (!socket?.writable || socket.readableEnded) {
      socket?.destroy();
      socket = connect({ port, host: '127.0.0.1' }).setNoDelay(true).on('error', ignore);
      result.connectionsOpened += 1;
    }
    result.sent += 1;
    const answer = await exchange(socket, keepAlive, host);
    if (answer.kind === '200') result.ok += 1;
    else {
      result.lost += 1;
      result.byKind[answer.kind] = (result.byKind[answer.kind] ?? 0) + 1;
    }
    if (answer.version !== undefined)
      result.byVersion[answer.version] = (result.byVersion[answer.version] ?? 0) + 1;
    if (!keepAlive || answer.close) {
      socket.destroy();
      socket = undefined;
    }
  }
  socket?.destroy();
}

interface Answer {
  kind: string;
  close: boolean;
  version?: string;
}

function exchange(socket: Socket, keepAlive: boolean, host: string): Promise<Answer> {
  const body = '{"drink":"espresso"}';
  return new Promise((resolve) => {
    let text = '';
    const finish = (answer: Answer): void => {
      socket.off('data', onData).off('error', onError).off('end', onEnd).off('close', onEnd);
      resolve(answer);
    };
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = text.slice(0, headEnd);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (text.length < headEnd + 4 + length) return;
      const version = /x-version: (\S+)/i.exec(head)?.[1];
      finish({
        kind: head.slice(9, 12),
        close: /connection: close/i.test(head),
        ...(version === undefined ? {} : { version }),
      });
    };
    const onError = (error: NodeJS.ErrnoException): void =>
      finish({ kind: error.code ?? error.message, close: true });
    const onEnd = (): void => finish({ kind: text === '' ? 'closed' : 'truncated', close: true });
    socket.on('data', onData).on('error', onError).on('end', onEnd).on('close', onEnd);
    socket.write(
      `POST /orders HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n` +
        `${keepAlive ? '' : 'Connection: close\r\n'}\r\n${body}`,
    );
  });
}

function ignore(): void {
  // The request in flight, if any, counts the loss.
}
