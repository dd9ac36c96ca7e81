import type { Socket } from 'node:net';
import type { LossKind } from './account.ts';
import { classifyError } from './classify-error.ts';
import { ownLimitOf } from './own-limits.ts';
import { ResponseParser } from './response-parser.ts';

/** How one request ended. */
export type Outcome =
  | {
      kind: 'answer';
      status: number;
      version: string | undefined;
      pod: string | undefined;
      bodyStart: string;
      /** The header `location`, as it came. */
      location?: string | undefined;
    }
  | {
      kind: LossKind;
      reason: string;
      /** Not a byte of an answer came, on a connection that had carried a request before. */
      deadConnection?: boolean;
    };

/** What became of a request: an outcome, or unsent, because this machine ran out of a resource. */
export type Ending = Outcome | { kind: 'own-limit'; code: string };

/**
 * One of the fixed number of connections: carries one request at a
 * time, is kept alive, never sends anything twice.
 */
export interface Connection {
  /**
   * Sends the request, on a new socket if there is none; `done` is
   * called exactly once, never within this call.
   */
  send(done: (ending: Ending) => void): void;
  /** Aborts the request in flight (its timeout has passed) and destroys the socket. */
  fail(kind: LossKind, reason: string): void;
  close(): void;
}

export interface ConnectionOptions {
  /**
   * Opens a socket. The request's bytes are written at once; Node buffers them until the connection is there.
   */
  open: () => { socket: Socket; connectedEvent: 'connect' | 'secureConnect' };
  /** Head and body, the same for each request. */
  request: Buffer;
  /** Answers carry no body (HEAD). */
  noBody: boolean;
}

export function createConnection({ open, request, noBody }: ConnectionOptions): Connection {
  const parser = new ResponseParser(noBody);
  let current: Socket | undefined;
  let connected = false;
  let carried = 0;
  let running: ((ending: Ending) => void) | undefined;

  const finish = (ending: Ending): void => {
    const done = running;
    running = undefined;
    done?.(ending);
  };

  const giveUp = (socket: Socket): void => {
    if (current === socket) current = undefined;
    socket.destroy();
  };

  const answer = (): Outcome => {
    const { status, version, pod, bodyStart, location } = parser;
    return { kind: 'answer', status, version, pod, bodyStart, location };
  };

  const onData = (socket: Socket, chunk: Buffer): void => {
    if (socket !== current) return;
    if (!running) {
      // An answer to nothing (Node's 408 for an idle connection, say): the peer is about to close.
      giveUp(socket);
      return;
    }
    const state = parser.push(chunk);
    if (state === 'more') return;
    if (state === 'broken') {
      giveUp(socket);
      finish({ kind: 'truncated', reason: 'not a whole HTTP/1.1 answer' });
      return;
    }
    if (!parser.keepAlive) {
      // The peer said `Connection: close`: both ends know that this connection is not reused.
      current = undefined;
      socket.destroySoon();
    }
    carried += 1;
    finish(answer());
  };

  const onEnd = (socket: Socket): void => {
    if (socket !== current) return;
    giveUp(socket);
    if (!running) return;
    if (parser.end() === 'whole') finish(answer());
    else if (parser.begun) finish({ kind: 'truncated', reason: 'connection closed within the answer' });
    else
      finish({
        kind: 'closed',
        reason: 'connection closed without an answer',
        deadConnection: carried > 0,
      });
  };

  const onError = (socket: Socket, error: NodeJS.ErrnoException): void => {
    if (socket !== current) return;
    const code = ownLimitOf(error);
    if (code !== undefined) {
      giveUp(socket);
      finish({ kind: 'own-limit', code });
      return;
    }
    const kind = classifyError(error, { connected, answerBegun: parser.begun });
    giveUp(socket);
    finish({
      kind,
      reason: error.code ?? error.message,
      deadConnection: kind === 'reset' && carried > 0,
    });
  };

  const connect = (): Socket => {
    const { socket, connectedEvent } = open();
    current = socket;
    connected = false;
    carried = 0;
    socket.once(connectedEvent, () => {
      if (socket === current) connected = true;
    });
    socket.on('data', (chunk) => onData(socket, chunk));
    socket.on('end', () => onEnd(socket));
    socket.on('error', (error) => onError(socket, error));
    // Only this program destroys a socket without an error, and by then it is no longer the current one.
    socket.on('close', () => onEnd(socket));
    return socket;
  };

  return {
    send(done) {
      running = done;
      parser.reset();
      (current ?? connect()).write(request);
    },
    fail(kind, reason) {
      if (current) giveUp(current);
      finish({ kind, reason });
    },
    close() {
      if (current) giveUp(current);
    },
  };
}
