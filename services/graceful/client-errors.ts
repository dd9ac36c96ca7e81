import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { problem, problemType } from './problem.ts';

/** Answers parser errors (`clientError`) and unknown expectations, with the headers of all responses. */
export function answerClientErrors(server: Server, identity: Record<string, string>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Behind a response that is on its way, another one would be taken for its body.
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const answer = problem(statusOf(error.code));
    const body = JSON.stringify(answer);
    const headers = {
      ...identity,
      'Content-Type': problemType,
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${answer.status} ${answer.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`, () => {
      socket.destroy();
    });
  });
  // Only 100-continue is understood; Node would answer 417 without our headers.
  server.on('checkExpectation', (_request, response) => {
    response.writeHead(417, { ...identity, 'Content-Type': problemType, Connection: 'close' });
    response.end(JSON.stringify(problem(417)));
  });
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return 400;
}

// Node keeps the response being written on the socket, and its own default handler asks the same question.
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return message?.headersSent === true;
}
