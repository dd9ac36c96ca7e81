'use strict';
// Loaded into every Node process of a pod (node --require). Where the machine has no network
// namespaces, it gives the process the pod's view: `listen(8080)` opens the pod's own socket,
// `localhost:8080` reaches it, and the container's main process ignores SIGTERM unless it
// handles it, as PID 1 of a container does (pid_namespaces(7)). Paths of mounted volumes and of
// the termination message lead to the pod's own files. Names and addresses of Services are found
// as cluster DNS and kube-proxy let them be found; with a sidecar, calls to them go through it.
// Stays plain JavaScript: it runs in the pods' processes, where no loader strips types.
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');
const { posix } = require('node:path');

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
    // With an address of its own the pod has every port of that
    // address; sharing 127.0.0.1 it has only the declared ones.
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

  const findService = serviceFinder(pod);
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
  const isApiServer = ({ host, port }) =>
    host === KUBERNETES_SERVICE_HOST && Number(port) === Number(KUBERNETES_SERVICE_PORT);

  /** Where a connection really goes; undefined: where it says. */
  const destination = (options) => {
    if (!options || options.path || isApiServer(options)) return undefined;
    if (anyHost.has(options.host)) return realSocket(Number(options.port));
    const service = findService(options.host);
    if (!service) return undefined;
    const port = service.ports[options.port];
    if (port) return port.http && pod.outbound ? pod.outbound : port;
    // Headless: the pods themselves. A port that the Service does not have is served by nobody.
    return Object.keys(service.ports).length === 0 && service.addresses.length > 0
      ? { host: service.addresses[Math.floor(Math.random() * service.addresses.length)], port: options.port }
      : { host: '127.0.0.1', port: 1 };
  };

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function podConnect(...args) {
    // net.connect() hands over its arguments already sorted: one array [options, callback].
    const sorted = Array.isArray(args[0]) ? args[0] : undefined;
    const options = sorted ? sorted[0] : connectOptions(args);
    const real = destination(options);
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

if (pod && pod.services) {
  const findService = serviceFinder(pod);
  /**
   * Cluster addresses of a name; undefined when it is not the
   * cluster's to know; throws when it is and there are none.
   */
  const resolve = (name) => {
    const service = findService(name);
    if (service && service.addresses.length > 0) return service.addresses;
    if (!service && !/\.svc(\.cluster\.local)?\.?$/.test(String(name))) return undefined;
    throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
      ...{ errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name },
    });
  };
  const { lookup, resolve4, promises } = dns;
  const { lookup: lookupLater, resolve4: resolve4Later } = promises;
  const answer = (addresses, options) =>
    options && options.all
      ? addresses.map((address) => ({ address, family: 4 }))
      : { address: addresses[0], family: 4 };

  dns.lookup = function podLookup(name, ...rest) {
    const callback = rest.at(-1);
    try {
      const addresses = resolve(name);
      if (!addresses) return lookup.call(this, name, ...rest);
      const options = typeof rest[0] === 'object' ? rest[0] : {};
      const found = answer(addresses, options);
      process.nextTick(() => (options.all ? callback(null, found) : callback(null, found.address, 4)));
    } catch (error) {
      process.nextTick(() => callback(error));
    }
  };
  dns.resolve4 = function podResolve4(name, ...rest) {
    try {
      const addresses = resolve(name);
      if (!addresses) return resolve4.call(this, name, ...rest);
      process.nextTick(() => rest.at(-1)(null, addresses));
    } catch (error) {
      process.nextTick(() => rest.at(-1)(error));
    }
  };
  promises.lookup = async (name, options) => {
    const addresses = resolve(name);
    return addresses ? answer(addresses, options) : lookupLater(name, options);
  };
  promises.resolve4 = async (name, options) => resolve(name) || resolve4Later(name, options);
}

if (pod && pod.paths && pod.paths.length > 0) {
  const translate = (name) => {
    if (typeof name !== 'string') return name;
    // Steps back are taken in the container, not below its mounts.
    const at = name.includes('..') ? posix.normalize(name) : name;
    const mount = pod.paths.find(([seen]) => at === seen || at.startsWith(`${seen}/`));
    return mount ? mount[1] + at.slice(mount[0].length) : name;
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

/** Finds a Service by cluster IP or by any of its names as a pod of this namespace may write them. */
function serviceFinder({ services: file, namespace }) {
  if (!file) return () => undefined;
  // Before volumes are led elsewhere below: this file is the node's.
  const { readFileSync, statSync } = fs;
  let known = new Map();
  let read = -1;
  const refresh = () => {
    try {
      const { mtimeMs, ino } = statSync(file);
      if (mtimeMs + ino === read) return;
      const services = JSON.parse(readFileSync(file, 'utf8'));
      read = mtimeMs + ino;
      known = new Map();
      for (const service of services) {
        const full = `${service.name}.${service.namespace}`;
        for (const suffix of ['', '.svc', '.svc.cluster.local']) known.set(full + suffix, service);
        if (service.namespace === namespace) known.set(service.name, service);
        if (Object.keys(service.ports).length > 0)
          for (const address of service.addresses) known.set(address, service);
      }
    } catch {
      // The node is going away.
    }
  };
  return (host) => {
    if (typeof host !== 'string') return undefined;
    refresh();
    return known.get(host.toLowerCase().replace(/\.$/, ''));
  };
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
