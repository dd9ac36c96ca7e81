import http from 'node:http';
import { createHttpListener, guardEmitter } from '../../../shared/listener/index.ts';
import type { AppProber } from './messages.ts';

export interface AgentState {
  /** The proxy's statistics for Prometheus; the query may narrow them, as the admin port's does. */
  metrics(query?: string): Promise<string>;
  /** Whether the proxy is configured and not going away. */
  ready(): boolean;
  drain(): void;
  quit(): void;
}

/**
 * pilot-agent's status port. The app's probes and HTTP hooks were rewritten to come here, because behind a
 * sidecar the kubelet cannot reach the app without crossing the proxy.
 * https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/
 */
export function createStatusServer(probers: Record<string, AppProber>, agent: AgentState): http.Server {
  return createHttpListener(
    (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      const prober = probers[path];
      if (prober !== undefined) probe(prober, request, response);
      else if (path === '/healthz/ready') answerHealth(agent, response);
      else if (path === '/stats/prometheus') answerMetrics(agent, response);
      else if (path === '/drain' || path === '/quitquitquit')
        onlyLocalPost(request, response, path === '/drain' ? () => agent.drain() : () => agent.quit());
      else response.writeHead(404).end();
    },
    { name: "pilot-agent's status port" },
  );
}

/** `:15021`, an Envoy listener that leads to the agent's readiness. */
export function createHealthServer(agent: AgentState): http.Server {
  return createHttpListener(
    (request, response) => {
      if (request.url === '/healthz/ready') answerHealth(agent, response);
      else response.writeHead(404).end();
    },
    { name: 'the health port' },
  );
}

/** `:15090`, an Envoy listener that leads to the admin port's metrics. */
export function createStatsServer(agent: AgentState): http.Server {
  return createHttpListener(
    (request, response) => {
      const [path, query] = (request.url ?? '/').split(/\?(.*)/s);
      if (path?.startsWith('/stats/prometheus')) answerMetrics(agent, response, query);
      else response.writeHead(404).end();
    },
    { name: 'the metrics port' },
  );
}

function answerMetrics(agent: AgentState, response: http.ServerResponse, query?: string): void {
  agent.metrics(query).then(
    (page) =>
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(page),
    () => response.writeHead(503).end(),
  );
}

function answerHealth(agent: AgentState, response: http.ServerResponse): void {
  response.writeHead(agent.ready() ? 200 : 503).end();
}

function onlyLocalPost(request: http.IncomingMessage, response: http.ServerResponse, act: () => void): void {
  if (request.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  act();
  response.writeHead(200).end('OK');
}

/** Asks the app as the kubelet would have and passes on the status, not the body. */
function probe(prober: AppProber, from: http.IncomingMessage, response: http.ServerResponse): void {
  const headers: http.OutgoingHttpHeaders = { connection: 'close' };
  const agent = from.headers['user-agent'];
  if (agent !== undefined) headers['user-agent'] = agent;
  for (const { name, value } of prober.headers) headers[name.toLowerCase()] = value;
  const ask = http.request(
    { ...prober.target, path: prober.path, method: 'GET', headers, agent: false, timeout: prober.timeoutMs },
    (answer) => {
      answer.resume();
      response.writeHead(answer.statusCode ?? 500).end();
    },
  );
  // An invalid answer (a status of 99) is the app's fault and must not end the agent.
  guardEmitter(ask, () => ask.destroy(new Error('unreadable answer')));
  ask.on('timeout', () => ask.destroy());
  ask.on('error', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
  response.on('close', () => ask.destroy());
  ask.end();
}
