import * as Plot from '@observablehq/plot';
import type { Lane, RunView } from './run-view.ts';
import { inSeconds, stack } from './stack.ts';

/** Sizes for a desk, or for the back of a room. */
export interface Size {
  marginLeft: number;
  fontPx: number;
  topHeight: number;
  laneHeight: number;
  /** Seconds on the axis: `12`, or `1:12` where they go on for long. */
  clock: 'seconds' | 'minutes';
}
export const deskSize: Size = {
  marginLeft: 240,
  fontPx: 14,
  topHeight: 240,
  laneHeight: 26,
  clock: 'seconds',
};
export const stageSize: Size = {
  marginLeft: 220,
  fontPx: 15,
  topHeight: 230,
  laneHeight: 24,
  clock: 'minutes',
};

const marginRight = 24;
const css = (colour: string): string => `var(--${colour})`;
const inMinutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

const laneMargins = (isLast: boolean): { marginTop: number; marginBottom: number } => ({
  marginTop: 26,
  marginBottom: isLast ? 34 : 6,
});

/** The charts of lanes that have something to show. */
const panelsOf = ({ steps, proxies, pods }: RunView): { title: string; lanes: Lane[] }[] =>
  [
    { title: 'The release', lanes: steps },
    { title: 'Who sends where', lanes: proxies },
    { title: 'The pods', lanes: pods },
  ].filter(({ lanes }) => lanes.length > 0);

const panelHeight = (lanes: Lane[], { laneHeight }: Size, isLast: boolean): number => {
  const { marginTop, marginBottom } = laneMargins(isLast);
  return lanes.length * laneHeight + marginTop + marginBottom;
};

/** Height of `drawRun` in pixels, to reserve its space before it is drawn. */
export function heightOfRun(run: RunView, size: Size = deskSize): number {
  const heights = panelsOf(run).map(({ lanes }, index, all) =>
    panelHeight(lanes, size, index === all.length - 1),
  );
  return heights.reduce((sum, height) => sum + height, size.topHeight);
}

/** Requests per 100 ms, and below it on the same clock what was done and who sent where. */
export function drawRun(run: RunView, width: number, size: Size = deskSize): Element[] {
  const { marginLeft, fontPx, topHeight, clock } = size;
  const x = {
    domain: [inSeconds(run.fromMs ?? 0), inSeconds(run.endMs)] as [number, number],
    ...(clock === 'minutes' ? { tickFormat: inMinutes } : {}),
  };
  const axisLabel = clock === 'minutes' ? null : clock;
  const common = { width, marginLeft, marginRight, style: { fontSize: `${fontPx}px`, overflow: 'visible' } };
  const limits = [
    { at: run.releaseMs.from, text: 'release begins' },
    ...(run.releaseMs.to === undefined ? [] : [{ at: run.releaseMs.to, text: 'ends' }]),
    ...(run.marks ?? []).map(({ atMs, text }) => ({ at: atMs, text })),
  ].filter(({ at }) => at > (run.fromMs ?? 0));
  const release = Plot.ruleX(limits, {
    x: (d: { at: number }) => inSeconds(d.at),
    stroke: 'var(--rule)',
    strokeDasharray: '4 3',
  });
  const top = Plot.plot({
    ...common,
    ariaLabel: `Requests ${run.slots} by what became of them`,
    ariaDescription: run.summary,
    height: topHeight,
    marginTop: 28,
    marginBottom: 34,
    x: { ...x, label: axisLabel, grid: false },
    y: {
      ...{ label: `requests ${run.slots}`, grid: true, ticks: 5 },
      ...(run.requests.length === 0 ? { domain: [0, 50] } : {}),
    },
    marks: [
      // One shape per outcome: a rectangle per slot would be hundreds, and slow to draw.
      ...stack(run).map(({ colour, points }) =>
        Plot.areaY(points, {
          ...{ x: 'x', y1: 'y1', y2: 'y2', curve: 'step-after' },
          fill: css(colour),
          shapeRendering: 'crispEdges',
        }),
      ),
      release,
      Plot.text(limits, {
        x: (d: { at: number }) => inSeconds(d.at),
        frameAnchor: 'top',
        dy: -18,
        text: 'text',
        fontWeight: 600,
        fill: 'currentColor',
      }),
      Plot.tip(
        totals(run),
        Plot.pointerX({
          x: (d: Total) => inSeconds(d.atMs + 50),
          y: 'n',
          title: 'text',
          fill: 'var(--card)',
        }),
      ),
      Plot.ruleY([0], { stroke: 'currentColor' }),
    ],
  });
  return [
    top,
    ...panelsOf(run).map(({ title, lanes }, index, all) =>
      drawLanes({ title, lanes, common, x, release, size, last: index === all.length - 1 }),
    ),
  ];
}

interface Total {
  atMs: number;
  n: number;
  text: string;
}

/** One tip per slot: all its outcomes. */
function totals({ requests }: RunView): Total[] {
  const slots = new Map<number, Total>();
  for (const { atMs, outcome, n } of requests) {
    const slot = slots.get(atMs) ?? { atMs, n: 0, text: `${(atMs / 1000).toFixed(1)} s` };
    slots.set(atMs, { atMs, n: slot.n + n, text: `${slot.text}\n${outcome}: ${n}` });
  }
  return [...slots.values()];
}

function drawLanes({
  title,
  lanes,
  common,
  x,
  release,
  size,
  last,
}: {
  title: string;
  lanes: Lane[];
  common: Plot.PlotOptions;
  x: { domain: [number, number] };
  size: Size;
  release: Plot.Markish;
  last: boolean;
}): Element {
  const { marginLeft, laneHeight, fontPx } = size;
  const { marginTop, marginBottom } = laneMargins(last);
  const width = (common.width ?? 1000) - marginLeft - marginRight;
  const pixels = (ms: number): number => (inSeconds(ms) / (x.domain[1] - x.domain[0])) * width;
  const [large, small] = [fontPx - 1, fontPx - 4];
  const longest = Math.floor(marginLeft / (fontPx * 0.56));
  const inset = 3;
  const boxes = lanes.flatMap(({ name, segments }, row) =>
    segments.map((drawn) => {
      const segment = { ...drawn, toMs: Math.min(drawn.toMs, x.domain[1] * 1000) };
      const { index, of } = segment.part ?? { index: 0, of: 1 };
      const height = (laneHeight - 2 * inset) / of;
      const y1 = row * laneHeight + inset + index * height;
      return { ...segment, name, row, y1, y2: y1 + height };
    }),
  );
  type Box = (typeof boxes)[number];
  const place = {
    x1: (d: Box) => inSeconds(d.fromMs),
    x2: (d: Box) => inSeconds(d.toMs),
    y1: 'y1',
    y2: 'y2',
  };
  // A label is drawn in its box, or beside it where there is room; the tip and the table have the whole text.
  const widthOf = (d: Box): number => pixels(d.toMs) - pixels(d.fromMs);
  const letterOf = (d: Box): number => (d.y2 - d.y1 > 15 ? large * 0.56 : small * 0.6);
  const cut = (d: Box, room: number): Box => {
    const letters = Math.floor(room / letterOf(d));
    const label = d.label.length > letters ? `${d.label.slice(0, Math.max(0, letters - 1))}…` : d.label;
    return { ...d, label: letters < 4 ? '' : label };
  };
  const readable: Box[] = [];
  const beside: (Box & { isLeft: boolean })[] = [];
  for (const d of boxes) {
    if (d.label === '' || d.y2 - d.y1 < 9) continue;
    const row = boxes.filter((other) => other.row === d.row);
    const isAlone = (d.part?.of ?? 1) === 1;
    const left = isAlone && d === row[0] ? pixels(d.fromMs - x.domain[0] * 1000) - 16 : 0;
    const right = isAlone && d === row.at(-1) ? pixels(x.domain[1] * 1000 - d.toMs) - 16 : 0;
    const fits = widthOf(d) > d.label.length * letterOf(d);
    const isRoomiest = widthOf(d) > 120 && widthOf(d) >= Math.max(left, right);
    if (fits) readable.push(d);
    else if (isRoomiest) readable.push(cut(d, widthOf(d)));
    else if (Math.max(left, right) > 0)
      beside.push({ ...cut(d, Math.max(left, right)), isLeft: left > right });
  }
  const besideText = (side: boolean): Plot.Markish =>
    Plot.text(
      beside.filter(({ isLeft }) => isLeft === side),
      {
        x: (d: Box) => inSeconds(side ? d.fromMs : d.toMs),
        y: (d: Box) => (d.y1 + d.y2) / 2,
        text: 'label',
        textAnchor: side ? 'end' : 'start',
        dx: side ? -6 : 6,
        fill: 'currentColor',
        stroke: 'var(--card)',
        strokeWidth: 4,
        fontSize: large,
      },
    );
  return Plot.plot({
    ...common,
    ariaLabel: title,
    height: panelHeight(lanes, size, last),
    marginTop,
    marginBottom,
    x: { ...x, axis: last ? 'bottom' : null, label: size.clock === 'minutes' ? null : 'seconds' },
    y: { domain: [lanes.length * laneHeight, 0], axis: null },
    marks: [
      Plot.text([title], {
        frameAnchor: 'top-left',
        dx: -marginLeft + 4,
        dy: -22,
        fontWeight: 700,
        fill: 'currentColor',
      }),
      Plot.text(lanes, {
        y: (_d: Lane, i: number) => (i + 0.5) * laneHeight,
        text: (d: Lane) => (d.name.length > longest ? `${d.name.slice(0, longest - 1)}…` : d.name),
        frameAnchor: 'left',
        textAnchor: 'end',
        dx: -8,
        fill: 'currentColor',
      }),
      Plot.rect(boxes, { ...place, fill: (d: Box) => css(d.colour) }),
      Plot.rect(
        boxes.filter(({ striped }) => striped),
        { ...place, fill: 'url(#stripes)' },
      ),
      release,
      Plot.text(readable, {
        x: (d: Box) => inSeconds((d.fromMs + d.toMs) / 2),
        y: (d: Box) => (d.y1 + d.y2) / 2,
        text: 'label',
        fill: (d: Box) => css(`on-${d.colour}`),
        stroke: (d: Box) => css(d.colour),
        strokeWidth: 5,
        fontSize: (d: Box) => (d.y2 - d.y1 > 15 ? large : small),
        fontWeight: 600,
      }),
      besideText(true),
      besideText(false),
      Plot.tip(
        boxes,
        Plot.pointer({
          ...place,
          x: (d: Box) => inSeconds((d.fromMs + d.toMs) / 2),
          y: (d: Box) => (d.y1 + d.y2) / 2,
          title: (d: Box) =>
            `${d.name}\n${d.label}\n${inSeconds(d.fromMs).toFixed(1)} to ${inSeconds(d.toMs).toFixed(1)} s`,
          fill: 'var(--card)',
        }),
      ),
    ],
  });
}
