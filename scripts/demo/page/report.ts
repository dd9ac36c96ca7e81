import { drawRun } from './charts.ts';
import { drawSweep } from './sweep-chart.ts';
import type { RunView } from './run-view.ts';
import type { SweepView } from './sweep-view.ts';

/** Everything is in the page already; this draws the charts, and again when the width changes. */
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as {
  runs?: RunView[];
  sweep?: SweepView;
};

const drawings: { place: HTMLElement; draw: (width: number) => Element[]; width: number }[] = [];
const add = (id: string, draw: (width: number) => Element[]): void => {
  const place = document.getElementById(id);
  if (place) drawings.push({ place, draw, width: 0 });
};
for (const run of data.runs ?? []) add(`chart-${run.anchor}`, (width) => drawRun(run, width));
const { sweep } = data;
if (sweep) add('chart-sweep', (width) => drawSweep(sweep, width));

function drawAll(): void {
  for (const drawing of drawings) {
    const width = Math.max(640, Math.round(drawing.place.clientWidth));
    if (width === drawing.width) continue;
    drawing.width = width;
    drawing.place.replaceChildren(...drawing.draw(width));
  }
  document.documentElement.dataset['drawn'] = String(Math.round(performance.now()));
}

drawAll();
new ResizeObserver(() => requestAnimationFrame(drawAll)).observe(document.body);
