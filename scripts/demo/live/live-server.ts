import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LiveView } from '../page/live-view.ts';
import { loadPageParts } from '../report/page-parts.ts';
import { Html, markup } from '../report/html.ts';

export interface LiveServer {
  url: string;
  /** Sends the last state to whoever watches and ends. */
  close(): Promise<void>;
}

const everyMs = 500;

/**
 * The live page: a view, and nothing else. It listens on loopback only, answers GET only, only to the address it gave out (a name that
 * somebody else resolves to 127.0.0.1 is refused) and only under a path that nobody can guess.
 */
export async function startLiveServer(view: () => LiveView): Promise<LiveServer> {
  const token = randomBytes(16).toString('hex');
  const { css, script } = await loadPageParts('live.ts');
  const page = renderLivePage(css, script);
  const watchers = new Set<ServerResponse>();
  let host = '';

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.headers.host !== host) refuse(response, 421);
    else if (request.method !== 'GET') refuse(response, 405);
    else if (request.url === `/${token}/`) {
      response.writeHead(200, headers('text/html; charset=utf-8')).end(page);
    } else if (request.url === `/${token}/events`) {
      response.writeHead(200, headers('text/event-stream'));
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
      response.write(message(view()));
    } else refuse(response, 404);
  };

  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timer = setInterval(() => {
    if (watchers.size === 0) return;
    const text = message(view());
    // Who does not read gets the next state instead: nothing piles up.
    for (const watcher of watchers) if (!watcher.writableNeedDrain) watcher.write(text);
  }, everyMs);
  return {
    url: `http://${host}/${token}/`,
    async close() {
      clearInterval(timer);
      for (const watcher of watchers) watcher.end(message(view()));
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      });
    },
  };
}

const message = (view: LiveView): string => `data: ${JSON.stringify(view)}\n\n`;

function headers(type: string): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'",
  };
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, headers('text/plain; charset=utf-8')).end(`${status}\n`);
}

function renderLivePage(css: string, script: string): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The comparison, live</title>
<link rel="icon" href="data:,">
<style>${new Html(css)}</style>
</head>
<body>
<svg class="hidden" aria-hidden="true"><defs><pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="8" style="fill:var(--stripe)"/></pattern></defs></svg>
<main>
<div class="head"><h1 id="title">Waiting for the first run</h1><p class="count" id="lost" role="status"></p></div>
<p class="lead" id="doing"></p>
<section aria-label="The run on stage"><ul class="legend" id="legend"></ul><div id="chart"></div></section>
<section aria-label="The runs so far"><h2>So far</h2><div class="scroll big"><table><thead><tr><th scope="col">release</th><th scope="col">weather</th><th scope="col" class="n">sent</th><th scope="col" class="n">lost</th><th scope="col">verdict</th><th scope="col">why</th></tr></thead><tbody id="done"></tbody></table></div><p class="note" id="to-come"></p></section>
</main>
<script>${new Html(script.replaceAll('</script', '<\\/script'))}</script>
</body>
</html>
`.text;
}
