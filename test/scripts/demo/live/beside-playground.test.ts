import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveView } from '../../../../scripts/demo/page/live-view.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import {
  ALL_WELL,
  startAttackedPlayground,
  type AttackedPlayground,
} from '../../../support/attacked-playground.ts';
import { throwAllAt } from '../../../support/raw-requests.ts';

/**
 * The page as people get it: a process beside the playground, which it
 * knows by its kubeconfig and its control port.
 */
let playground: AttackedPlayground;
let live: string;
beforeAll(async () => {
  playground = await startAttackedPlayground(['--live']);
  live = playground.urls.live ?? '';
}, 120_000);
afterAll(() => playground.close(), 30_000);

/** What a watcher of the page gets first. */
async function view(): Promise<LiveView> {
  const response = await fetch(`${live}events`);
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (text.includes('\n\n')) break;
  }
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '') as LiveView;
}

async function press(action: string, fields: Record<string, string>): Promise<unknown> {
  const page = await (await fetch(live)).text();
  const response = await fetch(`${live}act`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-live-token': /name="token" content="(\w+)"/.exec(page)?.[1] ?? '',
      origin: new URL(live).origin,
    },
    body: JSON.stringify({ action, fields }),
  });
  return response.json();
}

async function pageSays(text: string): Promise<void> {
  let last: LiveView | undefined;
  await waitFor(
    async () => {
      last = await view();
      return last.events.some((event) => event.text.includes(text)) || last.doing.includes(text);
    },
    {
      deadlineMs: 20_000,
      what: `the page to say: ${text}`,
      lastSeen: () => [last?.doing, ...(last?.events ?? []).map((event) => event.text)].join('; '),
    },
  );
}

const ctl = (...args: string[]): Promise<string> =>
  playground.command(['scripts/playground/main.ts', 'ctl', ...args]);
const gatewayIsFrozen = async (): Promise<boolean> => /"router","frozen":true/.test(await ctl('proxies'));

describe('npm run playground -- --live', () => {
  it('shows what is done from a terminal', async () => {
    await ctl('freeze', 'proxy=gateway');
    await pageSays('gateway: hears of no change');
    await ctl('thaw', 'proxy=gateway');
    await pageSays('gateway: hears of changes again');
  }, 60_000);

  it('does to the playground what a button says, and says why it cannot', async () => {
    expect(await press('freeze-proxy', { proxy: 'gateway', seconds: '12' })).toEqual({ done: true });
    expect(await gatewayIsFrozen()).toBe(true);
    expect(await press('thaw-proxy', { proxy: 'gateway', seconds: '12' })).toEqual({ done: true });
    expect(await gatewayIsFrozen()).toBe(false);
    expect(await press('thaw-proxy', { proxy: 'gateway', seconds: '12' })).toEqual({
      done: false,
      error: 'every proxy hears of changes',
    });
    const pod = (await view()).panels.find(({ id }) => id === 'pods')?.fields[0]?.value ?? '';
    expect(await press('kill-pod', { pod })).toEqual({ done: true });
    await pageSays('its process is killed');
    await playground.restarted(pod);
  }, 60_000);

  it('stands raw requests at the port of its page', async () => {
    const port = Number(new URL(live).port);
    const ofThePage = playground.ports().filter((one) => one.port === port);
    expect(ofThePage.length).toBe(1);
    const answers = await throwAllAt(ofThePage);
    expect(answers.filter(({ answer }) => /^HTTP\/1\.[01] 500/.test(answer))).toEqual([]);
    expect(playground.stderr()).not.toMatch(/ListenerFault|broke and has ended/);
    expect(await playground.useAll()).toEqual(ALL_WELL);
    expect((await fetch(live)).status).toBe(200);
    expect((await view()).over).toBe(false);
    expect(
      await playground.command(['scripts/switch/main.ts', 'status', '--kubeconfig', playground.kubeconfig]),
    ).toMatch(/^0 /);
  }, 120_000);

  it('ends with the playground, however that ends', async () => {
    const page = playground.ports().find(({ port }) => port === Number(new URL(live).port));
    const isThere = (): boolean => {
      try {
        process.kill(page?.pid ?? 0, 0);
        return page !== undefined;
      } catch {
        return false;
      }
    };
    expect(isThere()).toBe(true);
    playground.kill();
    await waitFor(() => !isThere(), {
      deadlineMs: 20_000,
      what: `the page (process ${String(page?.pid)}) to end`,
    });
  }, 30_000);
});
