import type { Server } from 'node:http';
import { createHttpListener, urlOfTarget } from '../../../../shared/listener/index.ts';
import type { AdminAnswer } from './admin-answer.ts';
import type { AdministeredProxy } from './administered-proxy.ts';
import { partMatch } from '../regex.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import { listenersJson, listenersText } from './listeners.ts';
import { serverInfo } from './server-info.ts';
import { stats, statsJson, statsPrometheus, statsText } from './stats.ts';

const TEXT = 'text/plain; charset=UTF-8';

/** Envoy's admin port. https://www.envoyproxy.io/docs/envoy/latest/operations/admin */
export function createAdminServer(proxy: AdministeredProxy): Server {
  return createHttpListener(
    (request, response) => {
      const { status, type, body } = answer(proxy, request.method ?? 'GET', urlOfTarget(request.url));
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-cache, max-age=0',
        'x-content-type-options': 'nosniff',
        server: 'envoy',
        'transfer-encoding': 'chunked',
      });
      response.end(body);
    },
    { name: `the admin port of ${proxy.spec.name}` },
  );
}

export function answer(proxy: AdministeredProxy, method: string, url: URL): AdminAnswer {
  const asJson = url.searchParams.get('format') === 'json';
  const json = (value: unknown): AdminAnswer => ({
    status: 200,
    type: 'application/json',
    body: JSON.stringify(value),
  });
  const text = (body: string, status = 200): AdminAnswer => ({ status, type: TEXT, body });
  switch (url.pathname) {
    case '/config_dump':
      return configDump(proxy, url.searchParams);
    case '/clusters':
      // Since Envoy 1.38; older ones give the whole page.
      return filtered(url.searchParams, (pattern) =>
        asJson ? json(clustersJson(proxy, pattern)) : text(clustersText(proxy, pattern)),
      );
    case '/listeners':
      return asJson ? json(listenersJson(proxy)) : text(listenersText(proxy));
    case '/stats':
      return filtered(url.searchParams, (pattern) => {
        const selected = stats(proxy).filter((stat) => pattern.test(stat.name));
        return asJson ? json(statsJson(selected)) : text(statsText(selected));
      });
    case '/stats/prometheus':
      return filtered(url.searchParams, (pattern) =>
        text(proxy.telemetry.page(pattern) + statsPrometheus(stats(proxy), pattern)),
      );
    case '/ready':
      return text(`${proxy.state}\n`, proxy.state === 'LIVE' ? 200 : 503);
    case '/server_info':
      return { status: 200, type: 'application/json', body: JSON.stringify(serverInfo(proxy), undefined, 1) };
    case '/drain_listeners':
      if (method !== 'POST') return text(`Method ${method} not allowed, POST required.`, 405);
      proxy.drain();
      return text('OK\n');
    default:
      return text(
        `invalid path. admin commands are:\n  /clusters: upstream cluster status\n  /config_dump: dump current Envoy configs (experimental)\n` +
          `  /drain_listeners (POST): drain listeners\n  /listeners: print listener info\n  /ready: print server state, return 200 if LIVE, otherwise return 503\n` +
          `  /server_info: print server version/status information\n  /stats: print server stats\n  /stats/prometheus: print server stats in prometheus format\n`,
        404,
      );
  }
}

/** `filter` is RE2 that matches anywhere in a name. */
function filtered(parameters: URLSearchParams, select: (pattern: RegExp) => AdminAnswer): AdminAnswer {
  let pattern: RegExp;
  try {
    pattern = partMatch(parameters.get('filter') ?? '');
  } catch {
    return { status: 400, type: TEXT, body: 'Invalid re2 regex' };
  }
  return select(pattern);
}
