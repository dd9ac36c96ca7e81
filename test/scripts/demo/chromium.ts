import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

/** Debian's Chromium; undefined where it is not installed, and then its tests say that they were skipped. */
export const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));

export interface Page {
  goTo(url: string): Promise<void>;
  /** The value of an expression in the page; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  screenshot(): Promise<Buffer>;
  /** A key of the keyboard, down and up. */
  press(key: Key, how?: { shift?: boolean }): Promise<void>;
  /** As somebody who prefers it dark, or on another screen, sees it. */
  emulate(how: { dark?: boolean; width?: number; height?: number }): Promise<void>;
  /** What the page complained about. */
  complaints: string[];
  close(): Promise<void>;
}

/** Key codes, and the text that a key types. */
const keys = {
  Tab: { code: 9, text: '' },
  Enter: { code: 13, text: '\r' },
  Space: { code: 32, text: ' ' },
  Escape: { code: 27, text: '' },
  ArrowDown: { code: 40, text: '' },
} as const;
export type Key = keyof typeof keys;

/** One page of a Chromium of its own, spoken to by the DevTools protocol. */
export async function openPage(): Promise<Page> {
  const profile = await mkdtemp(path.join(tmpdir(), 'demo-chromium-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--hide-scrollbars',
  ];
  const browser = spawn(
    chromium ?? '',
    [
      ...flags,
      '--window-size=1400,1200',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(browser, 'exit');
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: browser.stderr }).on('line', (line) => {
      const found = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error('Chromium ended')));
  });
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  const waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>();
  const complaints: string[] = [];
  let loaded: () => void = () => undefined;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      id?: number;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { message: string };
    };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method === 'Page.loadEventFired') loaded();
    else if (/exceptionThrown|entryAdded|consoleAPICalled/.test(message.method ?? ''))
      complaints.push(JSON.stringify(message.params));
  });
  let last = 0;
  const send = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = (last += 1);
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error) reject(new Error(error.message));
        else resolve(result as T);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  return {
    complaints,
    async goTo(url) {
      const done = new Promise<void>((resolve) => (loaded = resolve));
      await send('Page.navigate', { url });
      await done;
    },
    async evaluate<T>(expression: string) {
      const { result } = await send<{ result: { value: T } }>('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      return result.value;
    },
    async emulate({ dark = false, width = 1400, height = 1200 }) {
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
      await send('Emulation.setEmulatedMedia', { features });
      await send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: false,
      });
    },
    async press(key, { shift = false } = {}) {
      const { code, text } = keys[key];
      const event = {
        ...{
          key: key === 'Space' ? ' ' : key,
          code: key,
          windowsVirtualKeyCode: code,
          modifiers: shift ? 8 : 0,
        },
        ...(text === '' ? {} : { text }),
      };
      await send('Input.dispatchKeyEvent', { type: text === '' ? 'rawKeyDown' : 'keyDown', ...event });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    async screenshot() {
      return Buffer.from((await send<{ data: string }>('Page.captureScreenshot')).data, 'base64');
    },
    async close() {
      socket.close();
      browser.kill('SIGKILL');
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
