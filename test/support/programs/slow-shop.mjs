// A version that answers well, but late: half a second for every
// order, where the coffee-shop takes milliseconds.
import http from 'node:http';

const answer = (request, response) => {
  response.setHeader('x-version', process.env.VERSION ?? '');
  setTimeout(() => response.end(), request.url === '/orders' ? 500 : 0);
};
for (const port of [8080, 9090]) http.createServer(answer).listen(port);
process.on('SIGTERM', () => process.exit(0));
