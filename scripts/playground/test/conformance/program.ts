/**
 * The program that the suite's containers run, as text for `node -e`: any image with Node in it will do. The
 * environment says how it behaves; what happens to it, it says on stdout, one JSON line each.
 */
export const PROGRAM = String.raw`
const http = require('node:http');
const https = require('node:https');
const fs = require('node:fs');
const { env } = process;
const say = (what, more) => console.log(JSON.stringify({ at: Date.now(), what, ...more }));
const state = { ready: env.READY !== 'no', live: env.LIVE !== 'no' };
const end = (code) => { say('exit', { code }); process.exit(code); };
say('start', { host: env.HOSTNAME });
process.on('SIGTERM', () => {
  say('sigterm');
  if (env.ON_TERM === 'ignore') return;
  setTimeout(() => end(Number(env.EXIT_CODE || 0)), Number(env.TERM_MS || 0));
});
if (env.MESSAGE) fs.writeFileSync('/dev/termination-log', env.MESSAGE);
for (let line = 1; line <= Number(env.LINES || 0); line += 1) say('line', { line });
const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch (error) { return error.code; } };
const ask = (url, headers) => new Promise((resolve) => {
  const request = http.get(url, { agent: false, headers, timeout: 5000 }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    response.on('error', (error) => resolve({ error: error.code }));
  });
  request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
  request.on('error', (error) => resolve({ error: error.code }));
});
const account = '/var/run/secrets/kubernetes.io/serviceaccount/';
const api = (path) => new Promise((resolve) => {
  const options = {
    host: env.KUBERNETES_SERVICE_HOST, port: env.KUBERNETES_SERVICE_PORT, path,
    ca: read(account + 'ca.crt'), headers: { authorization: 'Bearer ' + read(account + 'token') },
  };
  https.get(options, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    response.on('end', () => resolve({ status: response.statusCode, body }));
  }).on('error', (error) => resolve({ error: error.code || error.message }));
});
let served = 0;
const routes = {
  '/ready': () => (say('probe', { path: 'ready', passed: state.ready }), state.ready ? 200 : 503),
  '/live': () => (say('probe', { path: 'live' }), state.live ? 200 : 500),
  '/started': () => (say('probe', { path: 'started' }), Date.now() - began > Number(env.STARTED_MS || 0) ? 200 : 503),
  '/set': (query) => (Object.keys(state).forEach((key) => { if (query.has(key)) state[key] = query.get(key) === 'yes'; }), 200),
  '/exit': (query) => (setTimeout(() => end(Number(query.get('code') || 0)), 20), 200),
  '/env': () => env,
  '/file': (query) => ({ text: read(query.get('path')) }),
  '/files': (query) => fs.readdirSync(query.get('path')).filter((name) => !name.startsWith('.')).sort(),
  '/prestop': async () => { say('prestop begin'); await new Promise((resolve) => setTimeout(resolve, Number(env.PRESTOP_MS || 0))); say('prestop end'); return 200; },
  '/ask': async (query) => {
    const headers = Object.fromEntries(query.getAll('header').map((one) => one.split('=')));
    const answers = [];
    for (let index = 0; index < Number(query.get('times') || 1); index += 1) answers.push(await ask(query.get('url'), headers));
    return answers;
  },
  '/api': (query) => api(query.get('path')),
  '/served': () => ({ served }),
  '/fail': () => { served += 1; return 503; },
  '/cut': () => { served += 1; return null; },
  '/': () => { served += 1; return { pod: env.HOSTNAME, version: env.VERSION }; },
};
const began = Date.now();
const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://pod');
  const answer = await (routes[pathname] || (() => 404))(searchParams);
  if (answer === null) return request.socket.destroy();
  response.setHeader('x-version', env.VERSION || '');
  if (typeof answer === 'number') response.statusCode = answer;
  response.end(typeof answer === 'number' ? '' : JSON.stringify(answer));
});
if (env.GRPC) {
  const grpc = require('node:http2').createServer();
  grpc.on('stream', (stream, headers) => {
    say('probe', { path: headers[':path'] });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, state.ready ? 1 : 2]));
  });
  grpc.listen(9000);
}
if (env.EXIT_AFTER_MS) setTimeout(() => end(Number(env.EXIT_CODE || 0)), Number(env.EXIT_AFTER_MS));
if (env.LISTEN === 'no') setInterval(() => {}, 1000);
else setTimeout(() => server.listen(8080, () => say('listening')), Number(env.LISTEN_AFTER_MS || 0));
`;
