import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { commonHeaders } from '../answer.ts';
import { acceptWebSocket } from '../subresources/streams/web-socket.ts';

/** Where the lines of a watch go. */
export interface WatchSink {
  /** Says yes, with the type of what follows. */
  open(contentType: string): void;
  write(line: string): void;
  /** Bytes not yet taken by the client. */
  readonly unsent: number;
  /** After the last line. */
  end(lastLine?: string): void;
  /** Cuts it off. */
  destroy(): void;
  onClose(listener: () => void): void;
}

export function responseSink(response: ServerResponse): WatchSink {
  return {
    open(contentType) {
      response.writeHead(200, { ...commonHeaders(), 'content-type': contentType });
      response.flushHeaders();
    },
    write(line) {
      if (!response.writableEnded && !response.destroyed) response.write(line);
    },
    get unsent() {
      return response.writableLength;
    },
    end: (lastLine) => void response.end(lastLine),
    destroy: () => void response.destroy(),
    // Not the request's close: that comes as soon as its (empty) body is read.
    onClose: (listener) => void response.on('close', listener),
  };
}

/**
 * A watch over a WebSocket: each event a text message. It answers in
 * `open`, so that what is refused before can still be said as a Status.
 */
export function webSocketSink(upgrade: {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}): WatchSink {
  const onClose: (() => void)[] = [];
  let webSocket: WebSocket | undefined;
  return {
    open() {
      acceptWebSocket([], upgrade, (accepted) => {
        webSocket = accepted;
        for (const listener of onClose) accepted.on('close', listener);
      });
    },
    write(line) {
      if (webSocket?.readyState === webSocket?.OPEN) webSocket?.send(line);
    },
    get unsent() {
      return webSocket?.bufferedAmount ?? 0;
    },
    end(lastLine) {
      if (lastLine !== undefined) this.write(lastLine);
      webSocket?.close(1000);
    },
    destroy() {
      webSocket?.terminate();
    },
    onClose(listener) {
      if (webSocket === undefined) onClose.push(listener);
      else webSocket.on('close', listener);
    },
  };
}
