import * as Plot from '@observablehq/plot';
import type { SweepView } from './sweep-view.ts';

interface Point {
  id: string;
  lagMs: number;
  lost: number;
  sent: number;
}

interface Real {
  id: string;
  lagMs: number;
  min: number;
  max: number;
}

const colours = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'].map((name) => `var(--${name})`);
const symbols = ['circle', 'square', 'triangle', 'diamond', 'star', 'cross', 'wye', 'asterisk'] as const;

/** In pixels. */
export const sweepHeight = 460;

/**
 * Lost requests over lag, one line per approach. Zero has to be as visible
 * as a thousand: the scale is linear up to 1 and logarithmic beyond.
 */
export function drawSweep({ approaches, summary, lagsMs }: SweepView, width: number): Element[] {
  const points: Point[] = approaches.flatMap(({ id, points: own }) => own.map((point) => ({ id, ...point })));
  const reals = approaches.flatMap(({ id, real }) => real.map((count) => ({ id, ...count })));
  const names = new Map(
    approaches.map(({ id, breaksAtMs }) => [
      id,
      breaksAtMs === undefined ? `${id}: never loses` : `${id}: loses from ${breaksAtMs / 1000} s`,
    ]),
  );
  const ids = approaches.map(({ id }) => id);
  const ends = spread(
    approaches.flatMap(({ id, points: own }) => {
      const last = own.at(-1);
      return last ? [{ id, ...last }] : [];
    }),
  );
  return [
    Plot.plot({
      width,
      height: sweepHeight,
      marginLeft: 70,
      marginRight: 330,
      marginTop: 54,
      marginBottom: 48,
      style: { fontSize: '15px', overflow: 'visible' },
      ariaLabel: 'Lost requests over the lag of the slowest proxy',
      ariaDescription: summary,
      x: {
        label: 'how late the slowest proxy is (seconds)',
        ticks: lagsMs.map((ms) => ms / 1000),
        tickFormat: (d: number) => String(d),
      },
      y: {
        type: 'symlog',
        label: 'lost requests',
        ticks: [0, 1, 10, 100, 1000, 10_000],
        tickFormat: (d: number) => d.toLocaleString('en-US'),
        grid: true,
        zero: true,
      },
      color: { domain: ids, range: colours.slice(0, ids.length) },
      symbol: { domain: ids, range: symbols.slice(0, ids.length) },
      marks: [
        Plot.ruleY([0], { stroke: 'currentColor' }),
        Plot.lineY(points, { x: (d: Point) => d.lagMs / 1000, y: 'lost', stroke: 'id', strokeWidth: 3 }),
        Plot.dot(points, { x: (d: Point) => d.lagMs / 1000, y: 'lost', fill: 'id', symbol: 'id', r: 6 }),
        Plot.ruleX(reals, {
          x: (d: Real) => d.lagMs / 1000,
          y1: 'min',
          y2: 'max',
          stroke: 'id',
          strokeWidth: 3,
        }),
        Plot.dot(reals, {
          x: (d: Real) => d.lagMs / 1000,
          y: (d: Real) => (d.min + d.max) / 2,
          stroke: 'id',
          symbol: 'id',
          fill: 'var(--card)',
          strokeWidth: 2,
          r: 8,
          filter: (d: Real) => d.max > 0,
        }),
        Plot.text(ends, {
          x: (d: Point) => d.lagMs / 1000,
          y: 'lost',
          text: (d: Point) => names.get(d.id) ?? d.id,
          fill: 'id',
          textAnchor: 'start',
          dx: 14,
          dy: 0,
          fontWeight: 700,
          filter: (d: { above: number }) => d.above === 0,
        }),
        ...[1, 2, 3, 4, 5, 6, 7].map((above) =>
          Plot.text(ends, {
            x: (d: Point) => d.lagMs / 1000,
            y: 'lost',
            text: (d: Point) => names.get(d.id) ?? d.id,
            fill: 'id',
            textAnchor: 'start',
            dx: 14,
            dy: -18 * above,
            fontWeight: 700,
            filter: (d: { above: number }) => d.above === above,
          }),
        ),
        Plot.tip(
          points,
          Plot.pointer({
            x: (d: Point) => d.lagMs / 1000,
            y: 'lost',
            fill: 'var(--card)',
            title: (d: Point) => `${d.id}\n${d.lagMs / 1000} s late: ${d.lost} of ${d.sent} lost`,
          }),
        ),
      ],
    }),
  ];
}

/** Names of lines that end together stand above each other. */
function spread(ends: Point[]): (Point & { above: number })[] {
  const placed: { at: number }[] = [];
  const scale = (lost: number): number => Math.log10(1 + lost) * 90;
  return [...ends]
    .sort((a, b) => a.lost - b.lost)
    .map((end) => {
      let at = scale(end.lost);
      while (placed.some((other) => Math.abs(other.at - at) < 18)) at += 18;
      placed.push({ at });
      return { ...end, above: Math.round((at - scale(end.lost)) / 18) };
    });
}
