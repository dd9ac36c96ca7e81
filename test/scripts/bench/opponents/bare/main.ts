import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { listen } from '../../../../../services/shared/listen.ts';
import { readConfig } from '../../../../../services/coffee-shop/config.ts';

/** An order answered by node:http alone: the floor that no framework goes below. */
const { version, pod, port: wanted, host } = readConfig(process.env);
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    const { drink } = JSON.parse(body) as { drink: string };
    const answer = JSON.stringify({ id: randomUUID(), drink, version, pod });
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(answer),
      'x-version': version,
      'x-pod': pod,
    });
    response.end(answer);
  });
});
void listen(server, { port: wanted, host, portName: 'PORT' }).then((port) => {
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port })}\n`);
});
