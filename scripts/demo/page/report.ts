import { drawRun } from './charts.ts';
import { drawSweep } from './sweep-chart.ts';
import type { RunView } from './run-view.ts';
import type { SweepView } from './sweep-view.ts';

/**
 * Everything is in the page already; this draws the charts, and again when the width changes. Those that can be seen come first, the others
 * one by one when nothing else is to do: a page of sixteen runs is there at once. Printing does not wait for them.
 */
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as {
  runs?: RunView[];
  sweep?: SweepView;
};

interface Drawing {
  place: HTMLElement;
  draw: (width: number) => Element[];
  /** How wide it was drawn. */
  width: number;
}

const drawings: Drawing[] = [];
const add = (id: string, draw: (width: number) => Element[]): void => {
  const place = document.getElementById(id);
  if (place) drawings.push({ place, draw, width: 0 });
};
for (const run of data.runs ?? []) add(`chart-${run.anchor}`, (width) => drawRun(run, width));
const { sweep } = data;
if (sweep) add('chart-sweep', (width) => drawSweep(sweep, width));

const widthOf = ({ place }: Drawing): number => Math.max(640, Math.round(place.clientWidth));
const isStale = (drawing: Drawing): boolean => widthOf(drawing) !== drawing.width;

function drawOne(drawing: Drawing): void {
  drawing.width = widthOf(drawing);
  drawing.place.replaceChildren(...drawing.draw(drawing.width));
}

function drawAll(): void {
  for (const drawing of drawings) if (isStale(drawing)) drawOne(drawing);
  note('drawn');
}

/** When, in milliseconds after the page was opened. */
function note(what: 'visible' | 'drawn'): void {
  document.documentElement.dataset[what] = String(Math.round(performance.now()));
}

const isNear = ({ place }: Drawing): boolean => {
  const { top, bottom } = place.getBoundingClientRect();
  return top < 2 * window.innerHeight && bottom > -window.innerHeight;
};

let waiting = false;

function drawNext(): void {
  waiting = false;
  const stale = drawings.filter(isStale);
  const next = stale.find(isNear) ?? stale[0];
  if (next) drawOne(next);
  if (stale.length > 1) drawLater();
  else note('drawn');
}

function drawLater(): void {
  if (waiting) return;
  waiting = true;
  // Not in Safari, where a moment later does.
  const later = globalThis.requestIdleCallback as typeof requestIdleCallback | undefined;
  if (later) later(drawNext, { timeout: 200 });
  else setTimeout(drawNext, 20);
}

function draw(): void {
  for (const drawing of drawings.filter(isNear)) if (isStale(drawing)) drawOne(drawing);
  note('visible');
  if (drawings.some(isStale)) drawLater();
  else note('drawn');
}

draw();
new ResizeObserver(() => requestAnimationFrame(draw)).observe(document.body);
addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
addEventListener('beforeprint', drawAll);
