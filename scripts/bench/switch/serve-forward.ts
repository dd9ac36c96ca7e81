/** The pod's end of a port-forward: HTTP/1.1 within its channel, GETs only, one after another. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** As much as a kubelet reads from the pod at once, and sends on as one message, in bytes. */
const PIECE = 32 * 1024;

/**
 * @param socket what the WebSocket speaks over: answers are written to it as they are
 * @param answer gives what `answerFrames` made
 */
export function serveForward(webSocket: WebSocket, socket: Duplex, answer: (path: string) => Buffer): void {
  webSocket.send(Buffer.from([0, 0, 0]));
  webSocket.send(Buffer.from([1, 0, 0]));
  let text = '';
  webSocket.on('message', (data: Buffer) => {
    text += data.subarray(1).toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const path = text.split(' ', 2)[1] ?? '/';
      text = text.slice(end + 4);
      socket.write(answer(path));
    }
  });
}

/** A whole answer as the messages of channel 0, ready to be written to each of thousands. */
export function answerFrames(given: unknown): Buffer {
  const body = Buffer.from(typeof given === 'string' ? given : JSON.stringify(given));
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), body]);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) frames.push(...frameOf(bytes.subarray(at, at + PIECE)));
  return Buffer.concat(frames);
}

/** A binary message of a server. https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function frameOf(piece: Buffer): Buffer[] {
  const length = piece.length + 1;
  const head = length < 126 ? Buffer.of(0x82, length) : Buffer.of(0x82, 126, length >> 8, length & 0xff);
  return [head, Buffer.of(0), piece];
}
