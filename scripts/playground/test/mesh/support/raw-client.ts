import net from 'node:net';

export interface RawAnswer {
  /** The head as it came, without Date and service time, which vary. */
  head: string[];
  status: number;
  headers: Record<string, string>;
  body: string;
  /** How the connection stood when the answer was complete or the connection ended. */
  ended: boolean;
}

/**
 * Sends bytes and collects the answer: until its content-length is there, its chunks end, or the connection
 * ends, and at the latest after `deadlineMs`, where given.
 */
export async function ask(
  address: net.NetConnectOpts,
  bytes: string,
  deadlineMs?: number,
): Promise<RawAnswer> {
  const socket = net.connect(address);
  socket.setEncoding('latin1');
  let text = '';
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    socket.on('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (data: Buffer | string) => {
      text += data.toString();
      if (isComplete(text)) resolve();
    });
    socket.on('end', () => {
      ended = true;
      resolve();
    });
    socket.on('error', reject);
    if (deadlineMs !== undefined) timer = setTimeout(resolve, deadlineMs);
  });
  clearTimeout(timer);
  socket.destroy();
  return { ...read(text), ended };
}

export function post(path: string, host: string, body = 'hi', extra = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n${extra}\r\n${body}`;
}

function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const { headers, body } = read(text);
  const length = headers['content-length'];
  if (length !== undefined) return body.length >= Number(length);
  return headers['transfer-encoding'] === 'chunked' && body.endsWith('0\r\n\r\n');
}

function read(text: string): Omit<RawAnswer, 'ended'> {
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end === -1 ? text.length : end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon)] = line.slice(colon + 1).trim();
  }
  return {
    head: lines.filter((line) => !/^(date|x-envoy-upstream-service-time):/.test(line)),
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(lines[0] ?? '')?.[1]),
    headers,
    body: end === -1 ? '' : text.slice(end + 4),
  };
}
