import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scenarios } from '../../../../scripts/demo/scenarios.ts';
import { demoDefaults } from '../../../../scripts/demo/settings.ts';
import { writeReport } from '../../../../scripts/demo/report/write-report.ts';
import { run } from './run.ts';

let folder: string;
let page: string;
let text: string;
const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'report-test-'));
  // The whole matrix, with as many slots as a run of 30 s has.
  const timeline = Array.from({ length: 300 }, (_, index) => ({
    atMs: index * 100,
    ok: { v1: 20, v2: 25 },
    lost: { '503': 4, reset: 1 },
  }));
  const matrix = scenarios.flatMap(({ id, title }) =>
    (['calm', 'rough'] as const).map((weather) => {
      const result = run({ id, title, weather });
      return {
        ...result,
        account: result.account && { ...result.account, timeline, byReason: { [evil]: 4 } },
      };
    }),
  );
  page = await writeReport(folder, { settings: { ...demoDefaults, delays: [evil] }, scenarios: matrix });
  text = await readFile(page, 'utf8');
});
afterAll(() => rm(folder, { recursive: true }));

describe('report.html', () => {
  it('is small enough to be mailed, for the whole matrix', async () => {
    expect((await stat(page)).size).toBeLessThan(2_000_000);
  });

  it('loads nothing from anywhere', () => {
    expect(text.includes('default-src &#39;none&#39;')).toBe(true);
    expect([...text.matchAll(/<(?:script|link|img|iframe)[^>]*(?:src|href)="(?!data:)/g)]).toEqual([]);
    expect(/@import|url\(\s*['"]?https?:/.test(text)).toBe(false);
  });

  it('lets nothing that a server said become markup', () => {
    expect(text.includes(evil)).toBe(false);
    expect(text.includes('<img')).toBe(false);
    expect(text.match(/<script/g)).toHaveLength(2);
  });

  it('has for each chart a name and its tables', () => {
    expect(text.match(/<div id="chart-/g)).toHaveLength(16);
    expect(text.match(/<figure aria-label="[^"]+lost/g)).toHaveLength(16);
    for (const caption of ['The release', 'Who sends where', 'The pods', 'Requests due in each second']) {
      expect(text.split(`<caption>${caption}`).length - 1).toBe(16);
    }
  });
});

describe('report.md', () => {
  it('has a row and a reason for each run, and no markup from a server', async () => {
    const markdown = await readFile(path.join(folder, 'report.md'), 'utf8');
    expect(markdown.match(/^\| `/gm)).toHaveLength(16);
    expect(markdown.match(/^## /gm)).toHaveLength(17);
    expect(/(?<!\\)<script/.test(markdown)).toBe(false);
  });
});

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));
const inChromium = chromium === undefined ? describe.skip : describe;

inChromium(`report.html in Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`, () => {
  it('draws every chart, without a complaint', async () => {
    const profile = path.join(folder, 'profile');
    const { stdout, stderr } = await promisify(execFile)(
      chromium ?? '',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--enable-logging=stderr',
        '--window-size=1400,900',
        '--virtual-time-budget=5000',
        `--user-data-dir=${profile}`,
        '--dump-dom',
        `file://${page}`,
      ],
      { maxBuffer: 64 * 1024 * 1024, timeout: 50_000 },
    );
    expect(stderr.split('\n').filter((line) => line.includes('CONSOLE'))).toEqual([]);
    expect(stdout.includes('data-drawn=')).toBe(true);
    // Requests, release, proxies and pods of each run.
    expect(stdout.match(/<svg [^>]*aria-label="/g)).toHaveLength(4 * 16);
  }, 60_000);
});
