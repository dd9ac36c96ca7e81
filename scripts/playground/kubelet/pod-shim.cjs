'use strict';
// Loaded into every Node process of a pod (node --require). Where the machine has no network namespaces, it gives the
// process the pod's view: `listen(8080)` opens the pod's own socket, `localhost:8080` reaches it, and the container's
// main process ignores SIGTERM unless it handles it, as PID 1 of a container does (pid_namespaces(7)). Paths of mounted
// volumes and of the termination message lead to the pod's own files.
// Stays plain JavaScript: it runs in the pods' processes, where no loader strips types.
const fs = require('node:fs');
const net = require('node:net');

const pod = JSON.parse(process.env.PLAYGROUND_POD || 'null');
if (process.env.PLAYGROUND_INIT === '1') {
  // Only for the main process, not for its children.
  delete process.env.PLAYGROUND_INIT;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
}

if (pod) {
  // Port as the program says it -> where it really is. `sockets` are those the pod declares.
  const sockets = new Map(Object.entries(pod.sockets).map(([port, at]) => [Number(port), at]));
  const anyHost = new Set([
    undefined,
    null,
    '',
    '0.0.0.0',
    '::',
    '::0',
    'localhost',
    '127.0.0.1',
    '::1',
    pod.ip,
  ]);

  const realSocket = (port) => {
    const declared = sockets.get(port);
    if (declared) return declared;
    // With an address of its own the pod has every port of that address; sharing 127.0.0.1 it has only the declared ones.
    return pod.host ? { host: pod.host, port } : undefined;
  };

  const { listen, address } = net.Server.prototype;
  net.Server.prototype.listen = function podListen(...args) {
    const options = listenOptions(args);
    if (!options || !anyHost.has(options.host)) return listen.apply(this, args);
    const asked = options.port;
    const real =
      asked === 0
        ? { host: pod.host || '127.0.0.1', port: 0 }
        : realSocket(asked) || { host: '127.0.0.1', port: 0 };
    this.once('listening', () => {
      const { port } = address.call(this);
      const said = asked === 0 ? port : asked;
      this[saidPort] = said;
      if (!sockets.has(said)) sockets.set(said, { host: real.host, port });
    });
    const callback = args.find((argument) => typeof argument === 'function');
    return listen.call(this, { ...options, host: real.host, port: real.port, ipv6Only: false }, callback);
  };

  const saidPort = Symbol('the port as the program asked for it');
  net.Server.prototype.address = function podAddress() {
    const real = address.call(this);
    return real && typeof real === 'object' && this[saidPort] !== undefined
      ? { address: '0.0.0.0', family: 'IPv4', port: this[saidPort] }
      : real;
  };

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function podConnect(...args) {
    // net.connect() hands over its arguments already sorted: one array [options, callback].
    const sorted = Array.isArray(args[0]) ? args[0] : undefined;
    const options = sorted ? sorted[0] : connectOptions(args);
    if (!options || options.path || !anyHost.has(options.host)) return connect.apply(this, args);
    const real = realSocket(Number(options.port));
    if (!real) return connect.apply(this, args);
    const mapped = { ...options, host: real.host, port: real.port };
    if (sorted) {
      sorted[0] = mapped;
      return connect.apply(this, args);
    }
    return connect.call(
      this,
      mapped,
      args.find((argument) => typeof argument === 'function'),
    );
  };
}

if (pod && pod.paths && pod.paths.length > 0) {
  const translate = (name) => {
    if (typeof name !== 'string') return name;
    const mount = pod.paths.find(([seen]) => name === seen || name.startsWith(`${seen}/`));
    return mount ? mount[1] + name.slice(mount[0].length) : name;
  };
  const names = [
    ...[
      'open',
      'readFile',
      'writeFile',
      'appendFile',
      'stat',
      'lstat',
      'access',
      'readdir',
      'mkdir',
      'rm',
      'unlink',
    ],
    ...['exists', 'createReadStream', 'createWriteStream', 'watch', 'watchFile'],
  ];
  for (const target of [fs, fs.promises]) {
    for (const name of names.flatMap((one) => [one, `${one}Sync`])) {
      const original = target[name];
      if (typeof original !== 'function') continue;
      const wrapper = function withPodPath(path, ...rest) {
        return original.call(this, translate(path), ...rest);
      };
      Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(original));
      target[name] = wrapper;
    }
  }
}

function listenOptions(args) {
  const first = args[0];
  if (first === undefined || typeof first === 'function') return { port: 0 };
  if (typeof first === 'object' && first !== null) {
    return 'port' in first && first.port !== undefined && !first.path
      ? { ...first, port: Number(first.port) }
      : undefined;
  }
  const port = Number(first);
  if (!Number.isInteger(port)) return undefined;
  const host = typeof args[1] === 'string' ? args[1] : undefined;
  const backlog = args.slice(1).find((argument) => typeof argument === 'number');
  return { port, host, ...(backlog === undefined ? {} : { backlog }) };
}

function connectOptions(args) {
  const first = args[0];
  if (typeof first === 'object' && first !== null) return first;
  const port = Number(first);
  if (!Number.isInteger(port)) return undefined;
  return { port, host: typeof args[1] === 'string' ? args[1] : undefined };
}
