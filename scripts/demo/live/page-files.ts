import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { markup } from '../report/html.ts';
import { loadPageParts } from '../report/page-parts.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface PageFile {
  type: string;
  text: string;
}

/** Built once per process: pages differ by the token only. */
let made: Promise<{ css: string; script: string }> | undefined;

/**
 * The live page in three files, by the last part of their path. The markup
 * has no inline script, so that the Content-Security-Policy can forbid it.
 */
export async function loadPageFiles(token: string): Promise<ReadonlyMap<string, PageFile>> {
  const { css, script } = await (made ??= makeParts());
  return new Map([
    ['', { type: 'text/html; charset=utf-8', text: renderPage(token) }],
    ['live.css', { type: 'text/css; charset=utf-8', text: css }],
    ['live.js', { type: 'text/javascript; charset=utf-8', text: script }],
  ]);
}

async function makeParts(): Promise<{ css: string; script: string }> {
  const [{ css, script }, own] = await Promise.all([
    loadPageParts('live.ts'),
    readFile(here('../page/live.css'), 'utf8'),
  ]);
  return { css: `${css}\n${own}`, script };
}

function renderPage(token: string): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="token" content="${token}">
<title>Releases, live</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="live.css">
<script src="live.js" defer></script>
</head>
<body class="live">
<a class="skip" href="#happening">To what happens</a>
<svg class="hidden" aria-hidden="true"><defs><pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="stripe" width="3" height="8"/></pattern></defs></svg>
<header>
<div class="head"><h1 id="title">Waiting for the first run</h1><p class="count" id="lost"></p></div>
<p class="lead" id="doing"></p>
<p id="connection" role="alert"></p>
</header>
<div id="stage">
<aside id="panels" aria-label="What you can do" hidden></aside>
<main id="happening" tabindex="-1">
<p id="said" role="status"></p>
<section aria-label="What happens">
<div class="head"><ul class="legend" id="legend"></ul><button type="button" id="hold" aria-pressed="false">Hold the picture</button></div>
<div id="chart"></div>
<details id="tables"><summary>The charts as tables</summary><div></div></details>
</section>
<div class="columns">
<section aria-labelledby="h-events" id="event-box" hidden><h2 id="h-events">What was done</h2><ol id="events" tabindex="0" aria-labelledby="h-events"></ol></section>
<section aria-labelledby="h-account"><h2 id="h-account">The account</h2><table><tbody id="account"></tbody></table></section>
</div>
<section aria-labelledby="h-done"><h2 id="h-done">So far</h2><div class="scroll big"><table><thead><tr><th scope="col">release</th><th scope="col">weather</th><th scope="col" class="n">sent</th><th scope="col" class="n">lost</th><th scope="col">verdict</th><th scope="col">why</th></tr></thead><tbody id="done"></tbody></table></div><p class="note" id="to-come"></p></section>
</main>
</div>
<noscript><p>This page draws what happens, which needs JavaScript.</p></noscript>
</body>
</html>
`.text;
}
