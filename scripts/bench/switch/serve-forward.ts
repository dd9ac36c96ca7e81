/** The pod's end of a port-forward: HTTP/1.1 within its channel, GETs only, one after another. */
import type { WebSocket } from 'ws';

/** @param answer gives what `answerFrame` made */
export function serveForward(webSocket: WebSocket, answer: (path: string) => Buffer): void {
  webSocket.send(Buffer.from([0, 0, 0]));
  webSocket.send(Buffer.from([1, 0, 0]));
  let text = '';
  webSocket.on('message', (data: Buffer) => {
    text += data.subarray(1).toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const path = text.split(' ', 2)[1] ?? '/';
      text = text.slice(end + 4);
      webSocket.send(answer(path));
    }
  });
}

/** A whole answer as a message of the channel: the same bytes can be sent to each of thousands. */
export function answerFrame(given: unknown): Buffer {
  const body = Buffer.from(typeof given === 'string' ? given : JSON.stringify(given));
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from([0]), Buffer.from(head), body]);
}
