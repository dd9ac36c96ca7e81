import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startLiveServer, type LiveServer } from '../../../../scripts/demo/live/live-server.ts';
import type { ActionAsked } from '../../../../scripts/demo/live/read-action.ts';
import { createLiveStage } from '../../../../scripts/demo/live/live-stage.ts';
import { chooseRuns } from '../../../../scripts/demo/scenarios.ts';

const runs = chooseRuns({ all: false, scenarios: ['istio-switch'], weathers: [] });
let stage: ReturnType<typeof createLiveStage>;
let server: LiveServer;
let asked: ActionAsked[];
beforeEach(async () => {
  stage = createLiveStage(runs);
  asked = [];
  server = await startLiveServer({
    view: () => stage.view(),
    act(action) {
      if (action.action === 'never') return Promise.reject(new Error('it is too late for that'));
      asked.push(action);
      return Promise.resolve();
    },
  });
});
afterEach(() => server.close());

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

function ask(url: string, { body = '', ...options }: Sent = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('close', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
const status = async (url: string, sent?: Sent): Promise<number> => (await ask(url, sent)).status;

describe('the live page', () => {
  it('is on loopback, under a path that is new each time', async () => {
    const other = await startLiveServer({ view: () => stage.view() });
    try {
      expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
      expect(new URL(other.url).pathname).not.toBe(new URL(server.url).pathname);
      expect(await status(server.url)).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('answers nobody who does not know the path, and nothing but GET', async () => {
    expect(await status(new URL('/', server.url).href)).toBe(404);
    expect(await status(new URL('/events', server.url).href)).toBe(404);
    expect(await status(`${server.url}live.js/more`)).toBe(404);
    expect(await status(`${server.url}?a=1`)).toBe(404);
    expect(await status(`${server.url}__proto__`)).toBe(404);
    expect(await status(server.url, { method: 'POST' })).toBe(405);
    expect(await status(`${server.url}events`, { method: 'DELETE' })).toBe(405);
  });

  it('refuses a name that somebody made point here', async () => {
    expect(await status(server.url, { headers: { host: 'evil.example' } })).toBe(421);
    const { port } = new URL(server.url);
    expect(await status(server.url, { headers: { host: `evil.example:${port}` } })).toBe(421);
    expect(await status(server.url, { headers: { host: `localhost:${port}` } })).toBe(421);
  });

  it('opens from a link, but lets no other page load a part of it', async () => {
    expect(await status(server.url, { headers: { 'sec-fetch-site': 'cross-site' } })).toBe(200);
    expect(await status(`${server.url}live.js`, { headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403);
    expect(await status(`${server.url}events`, { headers: { 'sec-fetch-site': 'same-site' } })).toBe(403);
    expect(await status(`${server.url}live.js`, { headers: { 'sec-fetch-site': 'same-origin' } })).toBe(200);
  });

  it('lets the page load nothing from elsewhere, run no script but its own file, and be framed by nobody', async () => {
    const answer = await fetch(server.url);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'none'");
    const page = await answer.text();
    expect(page.match(/<script(?! src="live\.js" defer>)/g)).toBeNull();
    expect(page.match(/\son\w+=|\sstyle=|<style/g)).toBeNull();
  });

  it('sends the whole state at once, and the last one at its end', async () => {
    const answer = await fetch(`${server.url}events`);
    const read = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await read?.read())?.value ?? '';
    expect(first).toContain('"toCome":["Istio, the switch on proof, naive pod, rough weather"]');
    stage.finish();
    const closed = server.close();
    let text = '';
    for (let part = await read?.read(); part && !part.done; part = await read?.read()) text += part.value;
    await closed;
    expect(text).toContain('"over":true');
  });

  it('serves twenty who watch, and turns the next away', async () => {
    const watching = await Promise.all(Array.from({ length: 20 }, () => fetch(`${server.url}events`)));
    expect(watching.map((answer) => answer.status)).toEqual(new Array(20).fill(200));
    expect(await status(`${server.url}events`)).toBe(503);
    for (const answer of watching) await answer.body?.cancel();
  });
});

describe('an action of the live page', () => {
  let good: { method: string; headers: Record<string, string>; body: string };
  beforeEach(async () => {
    const token = /name="token" content="([0-9a-f]+)"/.exec((await ask(server.url)).text)?.[1] ?? '';
    good = {
      method: 'POST',
      headers: {
        origin: new URL(server.url).origin,
        'content-type': 'application/json',
        'x-live-token': token,
      },
      body: JSON.stringify({ action: 'start-load', fields: { qps: '500' } }),
    };
  });
  const act = (changes: Sent = {}): Promise<number> =>
    status(`${server.url}act`, { ...good, ...changes, headers: { ...good.headers, ...changes.headers } });

  it('is carried out when the page itself asks for it', async () => {
    expect(await act({ headers: { 'sec-fetch-site': 'same-origin' } })).toBe(200);
    expect(asked).toEqual([{ action: 'start-load', fields: { qps: '500' } }]);
  });

  it('tells why when it cannot be done', async () => {
    const body = JSON.stringify({ action: 'never' });
    expect(await ask(`${server.url}act`, { ...good, body })).toEqual({
      status: 200,
      text: '{"done":false,"error":"it is too late for that"}',
    });
  });

  it.each<[string, number, Sent]>([
    ['by GET', 405, { method: 'GET' }],
    ['by PUT', 405, { method: 'PUT' }],
    ['by a preflight', 405, { method: 'OPTIONS' }],
    ['from another origin', 403, { headers: { origin: 'http://evil.example' } }],
    ['from a page without an origin', 403, { headers: { origin: 'null' } }],
    ['from another site', 403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['from another port of this machine', 403, { headers: { 'sec-fetch-site': 'same-site' } }],
    ['under another name', 421, { headers: { host: 'evil.example' } }],
    ['with the wrong token', 403, { headers: { 'x-live-token': '0'.repeat(48) } }],
    ['with half a token', 403, { headers: { 'x-live-token': '0' } }],
    [
      'with a token of letters that take two bytes',
      403,
      { headers: { 'x-live-token': '\u00e9'.repeat(48) } },
    ],
    ['as a form', 415, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['as plain text', 415, { headers: { 'content-type': 'text/plain' } }],
    ['without JSON', 400, { body: 'start-load' }],
    ['without a name', 400, { body: '{"fields":{}}' }],
    ['with fields that are no texts', 400, { body: '{"action":"start-load","fields":{"qps":500}}' }],
    ['as null', 400, { body: 'null' }],
    ['at length', 413, { body: JSON.stringify({ action: 'x'.repeat(3_000) }) }],
  ])('is refused %s', async (_how, refusal, changes) => {
    expect(await act(changes)).toBe(refusal);
    expect(asked).toEqual([]);
  });

  it('is refused without a token, and without an origin', async () => {
    for (const missing of ['x-live-token', 'origin']) {
      const headers = Object.fromEntries(Object.entries(good.headers).filter(([name]) => name !== missing));
      expect(await status(`${server.url}act`, { ...good, headers })).toBe(403);
    }
    expect(asked).toEqual([]);
  });

  it('is never taken from a query', async () => {
    expect(await status(`${server.url}act?action=start-load`, good)).toBe(405);
    expect(asked).toEqual([]);
  });

  it('does not exist where the page only shows', async () => {
    const shown = await startLiveServer({ view: () => stage.view() });
    try {
      expect(await status(`${shown.url}act`, good)).toBe(404);
    } finally {
      await shown.close();
    }
  });
});
