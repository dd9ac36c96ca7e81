// A small service for kubelet tests: says on stdout what happens to it, one JSON line each.
import http from 'node:http';
import net from 'node:net';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const {
  PORT_TO_USE = '8080',
  PRESTOP_MS = '0',
  EXIT_CODE = '0',
  ON_SIGTERM = 'exit',
  START_AFTER_MS = '0',
  CRASH_AFTER_MS,
} = process.env;
const say = (what, more = {}) =>
  process.stdout.write(`${JSON.stringify({ at: Date.now(), what, ...more })}\n`);
let ready = true;
let alive = true;

const routes = {
  '/ready': () => (ready ? 200 : 503),
  '/live': () => (alive ? 200 : 500),
  '/be-unready': () => ((ready = false), 200),
  '/be-dead': () => ((alive = false), 200),
  '/env': () => 200,
};

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://pod');
  if (pathname === '/prestop') {
    say('prestop begin', { agent: request.headers['user-agent'] });
    await sleep(Number(PRESTOP_MS));
    say('prestop end');
    response.end();
  } else if (pathname === '/env') {
    response.end(JSON.stringify(process.env));
  } else if (pathname === '/dial') {
    // Reaches another port as a process inside the pod would.
    const socket = net.connect(Number(searchParams.get('port')), searchParams.get('host') ?? 'localhost');
    socket.on('data', (data) => response.end(data));
    socket.on('error', (error) => response.end(error.code));
  } else if (pathname === '/fetch') {
    const answer = await globalThis.fetch(searchParams.get('url')).then(
      (one) => one.text(),
      (error) => String(error.cause?.code),
    );
    response.end(answer);
  } else if (pathname === '/address') {
    response.end(JSON.stringify(server.address()));
  } else {
    response.statusCode = routes[pathname]?.() ?? 404;
    response.end();
  }
});

if (ON_SIGTERM !== 'unhandled') {
  process.on('SIGTERM', () => {
    say('sigterm');
    if (ON_SIGTERM === 'ignore') return;
    writeFileSync('/dev/termination-log', 'said goodbye');
    say('exit');
    process.exit(Number(EXIT_CODE));
  });
}
say('start', { pid: process.pid });
await sleep(Number(START_AFTER_MS));
server.listen(Number(PORT_TO_USE), () => say('listening', { address: server.address() }));
if (CRASH_AFTER_MS !== undefined) setTimeout(() => process.exit(Number(EXIT_CODE)), Number(CRASH_AFTER_MS));
