import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHttpListener, urlOfTarget } from '../../../shared/listener/index.ts';
import type { ObjectStore } from '../../storage/types.ts';
import type { Discovery } from './discovery.ts';
import { adsz, configz, connections, edsz, endpointShardz, syncz } from './debug-pages.ts';

const PAGES = [
  'adsz',
  'adsz?push=true',
  'configz',
  'connections',
  'edsz',
  'endpointShardz',
  'list',
  'push_status',
  'syncz',
];

/**
 * istiod's `/debug`. Who asks from within the pod (a port-forward, an exec) may see everything; who asks from
 * outside would have to show a certificate or token, which nobody has here.
 */
export function createDebugServer(
  discovery: Discovery,
  store: ObjectStore,
  from: 'inside' | 'outside',
): Server {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const url = urlOfTarget(request.url);
    const answer = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    const json = (value: unknown) =>
      answer(
        200,
        'application/json',
        JSON.stringify(value, undefined, url.searchParams.has('pretty') ? 2 : undefined),
      );
    if (url.pathname === '/ready') {
      answer(200, 'text/plain', '');
      return;
    }
    if (!url.pathname.startsWith('/debug')) {
      answer(404, 'text/plain; charset=utf-8', '404 page not found\n');
      return;
    }
    if (from === 'outside') {
      answer(401, 'text/plain; charset=utf-8', 'unauthenticated\n');
      return;
    }
    switch (url.pathname.slice('/debug/'.length)) {
      case 'syncz':
        json(syncz(discovery));
        break;
      case 'configz':
        json(configz(store, discovery.state()));
        break;
      case 'connections':
        json(connections(discovery));
        break;
      case 'adsz':
        if (url.searchParams.get('push') === 'true') {
          discovery.pushAll();
          answer(200, 'text/plain; charset=utf-8', `Pushed to ${discovery.connections.length} servers\n`);
        } else json(adsz(discovery));
        break;
      case 'edsz': {
        const proxy = url.searchParams.get('proxyID');
        const found = proxy === null ? undefined : edsz(discovery, proxy);
        if (proxy === null)
          answer(400, 'text/plain; charset=utf-8', 'You must provide a proxyID in the query string');
        else if (found === undefined)
          answer(
            404,
            'text/plain; charset=utf-8',
            'Proxy not connected to this Pilot instance. It may be connected to another instance.',
          );
        else json(found);
        break;
      }
      case 'endpointShardz':
        json(endpointShardz(discovery));
        break;
      case 'push_status':
        json({});
        break;
      case 'list':
        json(PAGES);
        break;
      default:
        answer(404, 'text/plain; charset=utf-8', '404 page not found\n');
    }
  };
  return createHttpListener(onRequest, { name: "istiod's debug port" });
}
