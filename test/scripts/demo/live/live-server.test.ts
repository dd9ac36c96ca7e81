import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startLiveServer, type LiveServer } from '../../../../scripts/demo/live/live-server.ts';
import { createLiveStage } from '../../../../scripts/demo/live/live-stage.ts';
import { chooseRuns } from '../../../../scripts/demo/scenarios.ts';

const runs = chooseRuns({ all: false, scenarios: ['istio-switch'], weathers: [] });
let stage: ReturnType<typeof createLiveStage>;
let server: LiveServer;
beforeEach(async () => {
  stage = createLiveStage(runs);
  server = await startLiveServer(() => stage.view());
});
afterEach(() => server.close());

function status(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('the live page', () => {
  it('is on loopback, under a path that is new each time', async () => {
    const other = await startLiveServer(() => stage.view());
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
    expect(await status(server.url, { method: 'POST' })).toBe(405);
  });

  it('refuses a name that somebody made point here', async () => {
    expect(await status(server.url, { headers: { host: 'evil.example' } })).toBe(421);
  });

  it('lets a page load nothing from elsewhere and be framed by nobody', async () => {
    const policy = (await fetch(server.url)).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
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
});
