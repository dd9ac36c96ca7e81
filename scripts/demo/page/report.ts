import { drawRun, heightOfRun } from './charts.ts';
import { drawSweep, sweepHeight } from './sweep-chart.ts';
import type { RunView } from './run-view.ts';
import type { SweepView } from './sweep-view.ts';

/**
 * Everything is in the page already; this draws the charts, and again when the width changes. Their space is
 * reserved, so nothing moves. Visible ones are drawn first, the others one by one when the browser is idle,
 * so that a page of sixteen runs opens at once. Printing draws all of them.
 */
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as {
  runs?: RunView[];
  sweep?: SweepView;
};

interface Drawing {
  place: HTMLElement;
  draw: (width: number) => Element[];
  height: number;
  /** The width at which it was drawn. */
  width: number;
}

const drawings: Drawing[] = [];
const add = (id: string, height: number, draw: Drawing['draw']): void => {
  const place = document.getElementById(id);
  if (place) drawings.push({ place, draw, height, width: 0 });
};
for (const run of data.runs ?? [])
  add(`chart-${run.anchor}`, heightOfRun(run), (width) => drawRun(run, width));
const { sweep } = data;
if (sweep) add('chart-sweep', sweepHeight, (width) => drawSweep(sweep, width));
for (const { place, height } of drawings) place.style.minHeight = `${height}px`;

/** What has to be drawn, with its new width; the browser lays the page out once for all of them. */
function staleOf(all: Drawing[]): Drawing[] {
  const widths = all.map(({ place }) => Math.max(640, Math.round(place.clientWidth)));
  return all.filter((drawing, index) => {
    const isStale = drawing.width !== widths[index];
    drawing.width = widths[index] ?? drawing.width;
    return isStale;
  });
}

const isNear = ({ place }: Drawing): boolean => {
  const { top, bottom } = place.getBoundingClientRect();
  return top < 1.5 * window.innerHeight && bottom > -0.5 * window.innerHeight;
};

const waiting = new Set<Drawing>();

function drawThese(some: Drawing[]): void {
  for (const drawing of some) {
    waiting.delete(drawing);
    drawing.place.replaceChildren(...drawing.draw(drawing.width));
  }
  if (waiting.size === 0) note('drawn');
}

/**
 * For measurements: when the visible charts and when all charts were drawn,
 * in milliseconds after the page was opened, and how many were visible.
 */
function note(what: 'visible' | 'drawn'): void {
  document.documentElement.dataset[what] = String(Math.round(performance.now()));
}

let isLater = false;

function drawOneLater(): void {
  if (isLater || waiting.size === 0) return;
  isLater = true;
  const drawNext = (): void => {
    isLater = false;
    drawThese([...waiting].slice(0, 1));
    drawOneLater();
  };
  // Safari has no requestIdleCallback.
  const later = globalThis.requestIdleCallback as typeof requestIdleCallback | undefined;
  if (later) later(drawNext, { timeout: 200 });
  else setTimeout(drawNext, 20);
}

/** After the page has a new width, or at first. */
function drawStale(): void {
  for (const drawing of staleOf(drawings)) waiting.add(drawing);
  drawNear();
}

function drawNear(): void {
  drawThese([...waiting].filter(isNear));
  drawOneLater();
}

drawStale();
note('visible');
document.documentElement.dataset['first'] = String(drawings.length - waiting.size);
new ResizeObserver(() => requestAnimationFrame(drawStale)).observe(document.body);
addEventListener('scroll', () => requestAnimationFrame(drawNear), { passive: true });
addEventListener('beforeprint', () => {
  drawStale();
  drawThese([...waiting]);
});
