// A version that starts well and then fails: every probe is content, every order is answered with 500.
import http from 'node:http';

const answer = (request, response) => {
  response.statusCode = request.url === '/orders' ? 500 : 200;
  response.setHeader('x-version', process.env.VERSION ?? '');
  response.end();
};
for (const port of [8080, 9090]) http.createServer(answer).listen(port);
process.on('SIGTERM', () => process.exit(0));
