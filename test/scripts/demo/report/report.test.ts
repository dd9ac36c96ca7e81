import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scenarios } from '../../../../scripts/demo/scenarios.ts';
import { demoDefaults } from '../../../../scripts/demo/settings.ts';
import { runSection } from '../../../../scripts/demo/report/run-section.ts';
import { writeReport } from '../../../../scripts/demo/report/write-report.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { chromium, openPage, type Page } from '../chromium.ts';
import { controlsOf, walk, walkTo } from '../keyboard.ts';
import { run } from './run.ts';

let folder: string;
let page: string;
let pageOfTwo: string;
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
  const settings = { ...demoDefaults, delays: [evil] };
  page = await writeReport(folder, { settings, scenarios: matrix });
  const two = path.join(folder, 'two');
  await mkdir(two);
  pageOfTwo = await writeReport(two, { settings, scenarios: matrix.slice(0, 2) });
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

describe('a run on a busy machine', () => {
  const said = 'This machine was too busy for the load: requests were sent up to 4.5 s after they were';
  const percentile = (p99: number) => ({ p50: 1, p90: 1, p99, p999: p99, max: p99 });
  const sectionOf = (p99: number): string => {
    const result = run();
    const latencyMs = { fromDue: percentile(p99), fromSend: percentile(20) };
    return runSection({ ...result, account: result.account && { ...result.account, latencyMs } }).text;
  };

  it('says that its first band is of another time than the others', () => {
    expect(sectionOf(4_520)).toContain(said);
    expect(sectionOf(900)).not.toContain('too busy');
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

const inChromium = chromium === undefined ? describe.skip : describe;

inChromium(`report.html in Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`, () => {
  let browser: Page;
  beforeAll(async () => {
    browser = await openPage();
    await browser.emulate({ width: 1400, height: 900 });
    await browser.goTo(`file://${page}`);
    await waitFor(() => browser.evaluate<boolean>(`'drawn' in document.documentElement.dataset`), {
      ...{ deadlineMs: 30_000, what: 'every chart' },
    });
  }, 60_000);
  afterAll(() => browser.close());

  it('draws every chart, without a complaint', async () => {
    // Requests, release, proxies and pods of each run.
    expect(await browser.evaluate(`document.querySelectorAll('figure svg[aria-label]').length`)).toBe(4 * 16);
    expect(browser.complaints).toEqual([]);
  });

  it('draws those first that can be seen, and keeps the place of the others free', async () => {
    // On this screen the overview of sixteen runs leaves room for one
    // chart at most, and half a screen below for another.
    expect(Number(await browser.evaluate(`document.documentElement.dataset.first`))).toBeLessThanOrEqual(2);
    const places = await browser.evaluate<[number, number][]>(
      `[...document.querySelectorAll('figure > div')].map((place) => [parseFloat(place.style.minHeight), place.offsetHeight])`,
    );
    expect(places).toHaveLength(16);
    for (const [kept, drawn] of places) expect(drawn).toBe(kept);
  });

  it('is printed with every chart, wherever the reader is', async () => {
    const atOnce = `(() => {
      for (const place of document.querySelectorAll('figure > div')) place.style.width = '700px';
      dispatchEvent(new Event('beforeprint'));
      const widths = [...document.querySelectorAll('figure svg[aria-label]')].map((one) => one.getAttribute('width'));
      for (const place of document.querySelectorAll('figure > div')) place.style.width = '';
      return widths;
    })()`;
    const widths = await browser.evaluate<string[]>(atOnce);
    expect(widths).toHaveLength(4 * 16);
    expect(new Set(widths)).toEqual(new Set(['700']));
  });

  it('can be walked through by keyboard: every control in its order, marked and in sight, and out again', async () => {
    await browser.goTo(`file://${pageOfTwo}`);
    const controls = await controlsOf(browser);
    // To the results, a link for each run, and three things to open for each.
    expect(controls).toHaveLength(1 + 2 + 3 * 2);
    const there = await walk(browser);
    expect(there.map(({ what }) => what)).toEqual(controls);
    expect(there.filter(({ isMarked, isInSight }) => !isMarked || !isInSight)).toEqual([]);
    const back = await walk(browser, { back: true });
    expect(back.map(({ what }) => what)).toEqual(controls.toReversed());
  });

  it('has the tables of its charts within reach of the keyboard', async () => {
    await walkTo(browser, 'summary The charts as tables');
    await browser.press('Enter');
    const first = `document.querySelector('figure + details')`;
    expect(
      await browser.evaluate(`${first}.open && ${first}.querySelectorAll('table')[3].checkVisibility()`),
    ).toBe(true);
    await browser.press('Space');
    expect(await browser.evaluate(`${first}.open`)).toBe(false);
  });

  it('leads to the results by its first link', async () => {
    await browser.goTo(`file://${pageOfTwo}`);
    await walkTo(browser, 'a To the results');
    await browser.press('Enter');
    await browser.press('Tab');
    expect(await browser.evaluate(`document.activeElement.closest('main') !== null`)).toBe(true);
  });
});
