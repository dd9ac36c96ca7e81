import type { SweepView } from '../page/sweep-view.ts';
import type { DemoReport } from '../run-demo.ts';
import { describeLosses, verdictWords } from '../table.ts';
import { explain } from './explain.ts';
import { count, seconds } from './facts.ts';
import { embedJson, Html, markup, table } from './html.ts';
import { runSection } from './run-section.ts';
import { anchorOf, viewRun } from './run-view.ts';

/** The page's parts besides the report. */
export interface PageParts {
  css: string;
  /** The bundled drawing code. */
  script: string;
}

/** A self-contained file: it opens from disk, from a mail, without a network. */
export function renderHtml({ settings, scenarios }: DemoReport, parts: PageParts): string {
  const { qps, connections, lagMs, seed, delays, on } = settings;
  const runs = scenarios.length === 1 ? 'One release' : `${count(scenarios.length)} releases`;
  const title = `${runs} of v2 under ${count(qps)} orders per second`;
  const overview = scenarios.map((result) => {
    const { account, verdict, releaseMs, weather } = result;
    const lost = account?.lost;
    return [
      markup`<a href="#${anchorOf(result)}">${result.title}</a>`,
      weather,
      count(account?.sent ?? 0),
      markup`<span class="${lost === 0 ? 'kept' : 'lost'}">${lost === undefined ? '-' : count(lost)}</span>`,
      account ? describeLosses(account) : '-',
      seconds(releaseMs),
      verdictWords[verdict],
      explain(result).sentences[0],
    ];
  });
  const columns = [
    { name: 'release' },
    { name: 'weather' },
    { name: 'sent', n: true },
    { name: 'lost', n: true },
    { name: 'how' },
    { name: 'took', n: true },
    { name: 'verdict' },
    { name: 'why' },
  ];
  const body = markup`<header>
      <h1>${title}</h1>
      <p class="lead">${count(connections)} kept-alive connections, no retries: each request is counted once. ${
        on === undefined
          ? `In rough weather the one proxy on the path of the load is ${seconds(lagMs)} late; in calm weather delays are as measured on a real cluster.`
          : `On the cluster ${on}, whose delays are its own.`
      }</p>
    </header>
    <main id="main">
      <div class="big overview">${table('Lost requests by way of releasing', columns, overview)}</div>
      ${scenarios.map((result) => runSection(result))}
    </main>
    <footer>
      <h2>Where the times come from</h2>
      <ul>${delays.map((line) => markup`<li>${line}</li>`)}
        <li>${on === undefined ? `seed ${seed}; ` : ''}pods are watched through the API server, the gateway is asked every 0.2 s what it does
          and the sidecars every 0.5 s, so a time in the lanes may be that much late</li></ul>
    </footer>`;
  const views = scenarios.flatMap((result) => viewRun(result) ?? []);
  return page(title, body, { runs: views }, parts);
}

export function page(
  title: string,
  body: Html,
  data: { runs?: unknown; sweep?: SweepView },
  { css, script }: PageParts,
): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>${new Html(css)}</style>
      </head>
      <body>
        <a class="skip" href="#main">To the results</a>
        <svg class="hidden" aria-hidden="true">
          <defs>
            <pattern
              id="stripes"
              width="8"
              height="8"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="3" height="8" style="fill:var(--stripe)" />
            </pattern>
          </defs>
        </svg>
        ${body}
        <script type="application/json" id="data">${embedJson(data)}</script>
        <script>${new Html(script.replaceAll('</script', '<\\/script'))};</script>
      </body>
    </html> `.text;
}
