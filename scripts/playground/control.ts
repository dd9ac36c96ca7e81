/**
 * What no real cluster offers: making one proxy late, and ending a process as a crash does. A small endpoint
 * on loopback, for `npm run playground -- ctl ...` and the live page. Its URL carries a token that only the
 * user who started the playground can read.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../shared/errors.ts';
import { parseDuration } from '../shared/duration.ts';
import { createHttpListener, urlOfTarget } from '../shared/listener/index.ts';
import type { Playground } from './playground.ts';
import { listen } from './network/listen.ts';

export interface Control {
  /** With the token in its path. */
  url: string;
  close(): void;
}

/**
 * Answers `POST <url>/freeze?proxy=NAME[&for=12s]`, `POST <url>/thaw?proxy=NAME`, `GET <url>/proxies` and
 * `POST <url>/crash?pod=NAME&container=NAME`.
 */
export async function startControl(playground: Playground): Promise<Control> {
  const token = randomBytes(24).toString('base64url');
  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = urlOfTarget(request.url);
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    const [, given, action] = pathname.split('/');
    if (given !== token) {
      answer(403, { error: 'wrong token' });
      return;
    }
    try {
      answer(200, await act(playground, `${request.method ?? ''} ${action ?? ''}`, searchParams));
    } catch (error) {
      answer(400, { error: messageOf(error) });
    }
  };
  const server = createHttpListener(onRequest, { name: 'the control port' });
  const port = await listen(server, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${port}/${token}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function act(playground: Playground, action: string, parameters: URLSearchParams): Promise<unknown> {
  const proxy = parameters.get('proxy') ?? 'gateway';
  const duration = parameters.get('for');
  switch (action) {
    case 'GET proxies':
      return playground.proxies();
    case 'POST freeze':
      playground.freeze(proxy, duration === null ? {} : { forMs: parseDuration(duration, 'for') });
      return { frozen: proxy, ...(duration === null ? {} : { for: duration }) };
    case 'POST thaw':
      playground.thaw(proxy);
      return { thawed: proxy };
    case 'POST crash': {
      const [pod, container] = [parameters.get('pod') ?? '', parameters.get('container') ?? ''];
      await playground.crash(pod, { container });
      return { crashed: pod, container };
    }
    default:
      throw new Error(`no action "${action}"; there are: GET proxies, POST freeze, POST thaw, POST crash.`);
  }
}
