import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../shared/errors.ts';
import { createHttpListener } from '../../shared/listener/index.ts';
import type { LiveView } from '../page/live-view.ts';
import { loadPageFiles } from './page-files.ts';
import { readAction, type ActionAsked } from './read-action.ts';
import { actionName, admit, type Refusal } from './request-guard.ts';
import { printableJson, printableStrings } from '../../shared/printable.ts';

export interface LiveServer {
  /** On 127.0.0.1, with a secret in its path. */
  url: string;
  /** Sends the last state to all watchers and closes. */
  close(): Promise<void>;
}

export interface LiveSource {
  view(): LiveView;
  /** Executes a button's action; rejects with the reason when it cannot. Without it the page is read-only. */
  act?(asked: ActionAsked): Promise<void>;
}

const everyMs = 500;
/** Heartbeat interval of a silent stream, in milliseconds. */
const heartbeatMs = 10_000;
const mostWatchers = 20;

/**
 * The live page, for this machine only. Access control is in `request-guard.ts`. Only the connection is kept
 * per watcher, since each message is the whole state.
 */
export async function startLiveServer(source: LiveSource): Promise<LiveServer> {
  const gate = { host: '', path: randomBytes(16).toString('hex'), token: randomBytes(24).toString('hex') };
  const files = await loadPageFiles(gate.token);
  const mayAct = source.act !== undefined;
  /** Each with the last state that was sent to it. */
  const watchers = new Map<ServerResponse, string>();
  let closed = false;

  const answer = (request: IncomingMessage, response: ServerResponse): Promise<void> | undefined => {
    const admitted = admit(request, gate, { mayAct });
    if ('status' in admitted) {
      refuse(request, response, admitted);
      return undefined;
    }
    const { name } = admitted;
    const file = files.get(name);
    if (file) response.writeHead(200, headers(file.type)).end(file.text);
    else if (name === 'events') watch(request, response);
    else if (name === actionName) return carryOut(request, response);
    else refuse(request, response, { status: 404, reason: 'Nothing here.' });
    return undefined;
  };

  const watch = (request: IncomingMessage, response: ServerResponse): void => {
    if (watchers.size >= mostWatchers || closed) {
      refuse(request, response, { status: 503, reason: 'Too many watch already.' });
      return;
    }
    response.writeHead(200, headers('text/event-stream'));
    const text = asText(source.view());
    watchers.set(response, text);
    response.once('close', () => watchers.delete(response));
    response.write(`retry: 1000\n${message(text)}`);
  };

  const carryOut = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let status = 200;
    let said: object = { done: true };
    try {
      const asked = await readAction(request);
      if ('status' in asked) [status, said] = [asked.status, { error: asked.reason }];
      else await source.act?.(asked);
    } catch (error) {
      // "Not now" is an ordinary answer, not an error of the page.
      said = { done: false, error: messageOf(error) };
    }
    if (status === 413) response.setHeader('connection', 'close');
    response.writeHead(status, headers('application/json')).end(asText(said));
    tell();
  };

  let saidMs = 0;
  const tell = (): void => {
    if (watchers.size === 0) return;
    const text = asText(source.view());
    const now = performance.now();
    const isTimeToSpeak = now - saidMs >= heartbeatMs;
    for (const [watcher, seen] of watchers) {
      // Skip a watcher that does not read: it gets a later state, and nothing is buffered.
      if (watcher.writableNeedDrain || (seen === text && !isTimeToSpeak)) continue;
      watcher.write(seen === text ? ':\n\n' : message(text));
      watchers.set(watcher, text);
      saidMs = now;
    }
  };

  const server = createHttpListener(answer, { name: 'the live page' });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  gate.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timer = setInterval(tell, everyMs);
  return {
    url: `http://${gate.host}/${gate.path}/`,
    async close() {
      closed = true;
      clearInterval(timer);
      for (const watcher of watchers.keys()) watcher.end(message(asText(source.view())));
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      });
    },
  };
}

/** Escapes text from the cluster and its pods for the page. */
const asText = (value: object): string => printableJson(value, printableStrings);

const message = (text: string): string => `data: ${text}\n\n`;

function headers(type: string): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // The charts insert a style element; scripts come from the one file only.
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, reason }: Refusal): void {
  // Drain a body that is not read, so that it does not hold the connection.
  request.resume();
  response.writeHead(status, headers('text/plain; charset=utf-8')).end(`${reason}\n`);
}
