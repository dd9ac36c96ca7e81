// The service of the kubectl matrix: says what it is asked on stdout, one line each.
import http from 'node:http';

process.stdout.write(`start version=${process.env.VERSION ?? ''}\n`);
const server = http.createServer((request, response) => {
  if (request.url === '/healthz') {
    response.end('ok\n');
    return;
  }
  process.stdout.write(`${request.method} ${request.url}\n`);
  response.end(`hello from ${process.env.VERSION ?? ''}\n`);
});
server.listen(8080);
process.on('SIGTERM', () => process.exit(0));
