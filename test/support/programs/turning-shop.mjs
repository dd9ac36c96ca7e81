// A version that turns bad: its first 150 orders are answered well, all others with 500.
import http from 'node:http';

let orders = 0;
const answer = (request, response) => {
  if (request.url === '/orders') orders += 1;
  response.statusCode = request.url === '/orders' && orders > 150 ? 500 : 200;
  response.setHeader('x-version', process.env.VERSION ?? '');
  response.end();
};
for (const port of [8080, 9090]) http.createServer(answer).listen(port);
process.on('SIGTERM', () => process.exit(0));
