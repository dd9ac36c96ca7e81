// A version that does not stand the traffic: after its first 50 orders it is not ready any more.
import http from 'node:http';

let orders = 0;
const answer = (request, response) => {
  if (request.url === '/orders') orders += 1;
  response.statusCode = request.url === '/health/ready' && orders > 50 ? 503 : 200;
  response.setHeader('x-version', process.env.VERSION ?? '');
  response.end();
};
for (const port of [8080, 9090]) http.createServer(answer).listen(port);
process.on('SIGTERM', () => process.exit(0));
