import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.ts';
import type { Activity } from '../shared/quiet.ts';

/** How a request ended, told once its response is done or its connection is gone. */
export interface RequestEnd {
  request: IncomingMessage;
  response: ServerResponse;
  durationMs: number;
  /** `cut`: this service closed the connection at its deadline; `aborted`: the caller left. */
  outcome: 'answered' | 'aborted' | 'cut';
  /** Probes are seen, but they are not traffic. */
  probe: boolean;
}

export interface TrafficOptions {
  clock: Clock;
  isProbe: (request: IncomingMessage) => boolean;
  onRequestEnd: (end: RequestEnd) => void;
}

/** Knows every connection and every request of a server, and tells callers in-band that the end is near. */
export interface Traffic {
  /** Sees every connection and request of `server`; call it after everything else has been attached. */
  watch(server: Server): void;
  /** From now on every response says `Connection: close`, those of requests already running included. */
  announceEnd(): void;
  /**
   * True for a request that arrived behind a response which said
   * `Connection: close`: it must not be processed.
   */
  isTooLate(request: IncomingMessage): boolean;
  /** What the quiet rule judges. Probes and their connections do not count. */
  activity(): Activity;
  /** Cuts every connection, and counts what it cuts. */
  cutAll(): void;
  readonly cut: { requests: number; connections: number };
  readonly inFlight: number;
  readonly openConnections: number;
  readonly connectionsTotal: number;
  /** Requests begun, probes left out. */
  readonly requestsTotal: number;
  readonly servedSinceAnnounced: number;
  /** Clock time of the last request's beginning or end; undefined before the first. */
  readonly lastRequestAt: number | undefined;
  /** Clock time of the last connection that carried, or may carry, requests other than probes. */
  readonly lastConnectionAt: number | undefined;
}

interface Connection {
  socket: Socket;
  openedAt: number;
  /** Unknown until the first request: a kubelet's probe opens a connection like any caller does. */
  carries: 'unknown' | 'probes' | 'traffic';
  /** Requests not yet answered; more than one when the caller pipelines. */
  open: number;
  last: ServerResponse | undefined;
  /**
   * `socket.bytesRead` when the last request had been answered: more than that is the beginning of another.
   */
  bytesAtRest: number;
}

export function createTraffic({ clock, isProbe, onRequestEnd }: TrafficOptions): Traffic {
  const connections = new Map<Socket, Connection>();
  const tooLate = new WeakSet<IncomingMessage>();
  let announcing = false;
  let cutting = false;
  const cut = { requests: 0, connections: 0 };
  let inFlight = 0;
  let connectionsTotal = 0;
  let requestsTotal = 0;
  let servedSinceAnnounced = 0;
  let lastRequestAt: number | undefined;
  let lastConnectionAt: number | undefined;

  const opened = (socket: Socket): void => {
    connectionsTotal += 1;
    connections.set(socket, {
      socket,
      openedAt: clock.now(),
      carries: 'unknown',
      open: 0,
      last: undefined,
      bytesAtRest: 0,
    });
    socket.once('close', () => connections.delete(socket));
  };

  const began = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket);
    if (!connection) return;
    const before = connection.last;
    // Nothing says close before the end is announced: until then there is no header to look up.
    if (announcing && before && saysClose(before) && before.headersSent) {
      tooLate.add(request);
      return;
    }
    if (announcing) {
      // Of pipelined requests only the last may be answered with
      // close, or those behind it would never be answered.
      if (before && !before.headersSent) before.setHeader('Connection', 'keep-alive');
      response.setHeader('Connection', 'close');
    }
    connection.last = response;
    connection.open += 1;
    const beganAt = clock.now();
    const probe = isProbe(request);
    if (!probe) {
      inFlight += 1;
      requestsTotal += 1;
      lastRequestAt = beganAt;
      if (connection.carries !== 'traffic')
        lastConnectionAt = Math.max(lastConnectionAt ?? connection.openedAt, connection.openedAt);
      connection.carries = 'traffic';
    } else if (connection.carries === 'unknown') {
      connection.carries = 'probes';
    }

    response.on('close', () => {
      connection.open -= 1;
      if (connection.open === 0) connection.bytesAtRest = connection.socket.bytesRead;
      const endedAt = clock.now();
      if (!probe) {
        inFlight -= 1;
        lastRequestAt = endedAt;
        if (announcing && response.writableFinished) servedSinceAnnounced += 1;
      }
      const outcome = response.writableFinished ? 'answered' : cutting ? 'cut' : 'aborted';
      onRequestEnd({ request, response, durationMs: endedAt - beganAt, outcome, probe });
    });
  };

  return {
    watch(server) {
      server.on('connection', opened);
      // Before the handlers, so that even their synchronous answers carry the header.
      server.prependListener('request', began);
    },
    announceEnd() {
      announcing = true;
      for (const { open, last } of connections.values())
        if (open > 0 && last && !last.headersSent) last.setHeader('Connection', 'close');
    },
    isTooLate: (request) => announcing && tooLate.has(request),
    activity() {
      let active = inFlight;
      let lastAt = lastRequestAt ?? -Infinity;
      for (const connection of connections.values()) {
        if (connection.carries === 'probes') continue;
        // A connection without a request may get one any moment; one
        // that closed without a request asked for nothing.
        if (connection.carries === 'unknown') lastAt = Math.max(lastAt, connection.openedAt);
        if (connection.open === 0 && connection.socket.bytesRead > connection.bytesAtRest) active += 1;
      }
      return { active, lastAt };
    },
    cutAll() {
      cutting = true;
      // Counted now: the server is closed, and the process may be gone, before the sockets say that they are.
      cut.requests += inFlight;
      cut.connections += connections.size;
      for (const socket of connections.keys()) socket.destroy();
    },
    cut,
    get inFlight() {
      return inFlight;
    },
    get openConnections() {
      return connections.size;
    },
    get connectionsTotal() {
      return connectionsTotal;
    },
    get requestsTotal() {
      return requestsTotal;
    },
    get servedSinceAnnounced() {
      return servedSinceAnnounced;
    },
    get lastRequestAt() {
      return lastRequestAt;
    },
    get lastConnectionAt() {
      let last = lastConnectionAt;
      for (const { carries, openedAt } of connections.values())
        if (carries === 'unknown') last = Math.max(last ?? openedAt, openedAt);
      return last;
    },
  };
}

function saysClose(response: ServerResponse): boolean {
  return response.getHeader('connection') === 'close';
}
