/** The connection pool of one API client; renewed when a certificate, a key or an authority has changed. */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { WayError } from '../errors.ts';
import type { Identity } from '../credentials/identity.ts';
import { dial, proxyAuthorization } from './dial.ts';
import type { Route, TlsMaterial } from './route.ts';

export interface Pool {
  /** Sends requests as this identity: its headers, over connections that show its certificate. */
  for(identity: Identity): Dispatcher;
  destroy(): Promise<void>;
}

export function createPool(route: Route, { timeoutMs }: { timeoutMs: number }): Pool {
  const agents = new Set<Agent>();
  let current: { agent: Agent; tls: TlsMaterial } | undefined;

  function agentFor(tls: TlsMaterial): Agent {
    if (current?.tls === tls) return current.agent;
    // Requests in flight on the old connections may finish; new ones use the new pool.
    void current?.agent.close().catch(() => undefined);
    const agent = new Agent({
      connect: (_options, callback) => {
        dial(route, { tls, timeoutMs, tunnel: false }).then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(error as Error, null),
        );
      },
    });
    agents.add(agent);
    current = { agent, tls };
    return agent;
  }

  return {
    for(identity) {
      const agent = agentFor(route.tls(identity));
      return agent.compose((dispatch) => (options, handler) => {
        const origin = new URL(String(options.origin)).origin;
        if (origin !== route.server.origin) throw sentOn(route.server.origin, origin);
        return dispatch(addressed(options, identity, route), handler);
      });
    },
    async destroy() {
      await Promise.all([...agents].map((agent) => agent.destroy()));
      agents.clear();
      current = undefined;
    },
  };
}

/** Redirects are not followed: credentials go only to the server that the kubeconfig names. */
const sentOn = (from: string, to: string): WayError =>
  new WayError(`The API server at ${from} redirects to ${to}, which the kubeconfig does not name`, {
    code: 'Redirected',
  });

function addressed(
  options: Dispatcher.DispatchOptions,
  { headers }: Identity,
  { server, proxy }: Route,
): Dispatcher.DispatchOptions {
  const all = { ...(options.headers as Record<string, string>), ...headers };
  if (proxy === undefined || server.protocol === 'https:') return { ...options, headers: all };
  return {
    ...options,
    path: `${server.origin}${options.path}`,
    headers: { ...all, ...proxyAuthorization(proxy) },
  };
}
